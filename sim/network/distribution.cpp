#include "sim/network/distribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

constexpr Duration kShortest{std::chrono::nanoseconds{1}};

double seconds_of(const ConstantDuration& d, RandomStream&) { return to_seconds(d.value); }
double seconds_of(const ExponentialDuration& d, RandomStream& random) {
  return to_seconds(d.mean) * draw_exponential(random);
}
double seconds_of(const UniformDuration& d, RandomStream& random) {
  return random.uniform(to_seconds(d.low), to_seconds(d.high));
}
// P(T > t) = exp(-(t / scale)^shape).
double seconds_of(const WeibullDuration& d, RandomStream& random) {
  return to_seconds(d.scale) * std::pow(draw_exponential(random), 1 / d.shape);
}

}  // namespace

double draw_exponential(RandomStream& random) { return -std::log1p(-random.uniform()); }

Duration draw(const DurationDistribution& distribution, RandomStream& random) {
  const double seconds =
      std::visit([&](const auto& kind) { return seconds_of(kind, random); }, distribution);
  return std::max(kShortest, saturated(seconds));
}

Duration saturated(double seconds) {
  constexpr double kMost = 9.2e6;  // the clock has 2^63 ps
  return seconds < kMost ? from_seconds(seconds) : Duration::max();
}

TimePoint later(TimePoint t, Duration d) { return d < kNever - t ? t + d : kNever; }

void require_valid(const DurationDistribution& distribution) {
  const auto* uniform = std::get_if<UniformDuration>(&distribution);
  if (uniform == nullptr || uniform->low <= uniform->high) return;
  throw ScenarioError(fmt::format("a uniform duration of {} to {} has its ends the wrong way round",
                                  format(uniform->low), format(uniform->high)));
}

}  // namespace understudy
