#include "sim/emulation/netem.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// The least that says something in tc's notation: a probability of 32 bits.
std::string percent(double share) { return fmt::format("{:.7f}%", 100 * share); }
std::string microseconds(Duration d) { return fmt::format("{:.0f}us", to_seconds(d) * 1e6); }
// Where tc wants one, it takes none for a mistake.
std::string some_microseconds(Duration d) {
  return microseconds(std::max(d, Duration(std::chrono::microseconds{1})));
}

struct JitterWords {
  std::string operator()(const UniformJitter& j) const { return words(j.spread, j.correlation); }
  std::string operator()(const NormalJitter& j) const { return words(j, "normal"); }
  std::string operator()(const ParetoJitter& j) const { return words(j, "pareto"); }
  std::string operator()(const ParetoNormalJitter& j) const { return words(j, "paretonormal"); }
  std::string operator()(const TableJitter&) const { UNDERSTUDY_CHECK(false); }

 private:
  static std::string words(Duration spread, double correlation) {
    return fmt::format(" {} {}", some_microseconds(spread), percent(correlation));
  }
  template <class Jitter>
  static std::string words(const Jitter& j, const char* distribution) {
    return words(j.deviation, j.correlation) + " distribution " + distribution;
  }
};

struct LossWords {
  std::string operator()(const BernoulliLoss& loss) const {
    return loss.probability > 0 ? " loss random " + percent(loss.probability) : "";
  }
  // gemodel p r 1-h 1-k: into and out of the bad state, losses in the bad and in the good one.
  std::string operator()(const GilbertElliottLoss& loss) const {
    return fmt::format(" loss gemodel {} {} {} {}", percent(loss.p), percent(loss.q),
                       percent(loss.loss_bad), percent(loss.loss_good));
  }
};

}  // namespace

std::string netem_options(Duration latency, const ImpairmentConfig* impairment) {
  std::string words;
  if (impairment != nullptr) {
    if (impairment->jitter) words += std::visit(JitterWords(), *impairment->jitter);
    if (impairment->reorder > 0) words += " reorder " + percent(impairment->reorder);
  }
  if (!words.empty()) {
    words = "delay " + some_microseconds(latency) + words;
  } else if (latency > Duration::zero()) {
    words = "delay " + microseconds(latency);
  }
  if (impairment == nullptr) return words;
  if (impairment->loss) words += std::visit(LossWords(), *impairment->loss);
  if (impairment->duplicate > 0) words += " duplicate " + percent(impairment->duplicate);
  if (impairment->corrupt > 0) words += " corrupt " + percent(impairment->corrupt);
  return words.starts_with(' ') ? words.substr(1) : words;
}

}  // namespace understudy
