// A decomposition in words.
#include <fmt/format.h>

#include <cmath>

#include "results/summary/decomposition.hpp"

namespace understudy {
namespace {

// In points of accuracy, to a tenth, never "-0.0".
std::string points(double fraction) {
  const double tenths = std::round(fraction * 1000);
  return fmt::format("{:.1f}", tenths == 0 ? 0.0 : tenths / 10);
}

std::string with_interval(const Estimate& e) {
  if (std::isnan(e.half_width)) return points(e.mean);
  return fmt::format("{} ± {}", points(e.mean), points(e.half_width));
}

Estimate negative(const Estimate& e) { return {-e.mean, e.half_width, e.count}; }

// To the tenth of a point that is shown.
bool gives_back(const Estimate& part) { return part.mean <= -0.0005; }

std::string list(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 < items.size() ? ", " : items.size() > 2 ? ", and " : " and ";
    text += items[i];
  }
  return text;
}

std::string workers(const Decomposition& d, int count) {
  return fmt::format("{} {}{}", count, d.on_gpus ? "GPU" : "worker", count == 1 ? "" : "s");
}

struct Cause {
  std::optional<Estimate> part;
  const char* name;
};

const char* communication(const Decomposition& d) {
  if (!d.same_weights) return "communication";
  return d.weights_compared
             ? "communication (the weights are the same to the bit)"
             : "communication (the network changes no weights, which --retrain verifies)";
}

// What took points, then what gave some back.
std::vector<std::string> parts(const Decomposition& d) {
  const Cause causes[] = {{d.updates_lost, "fewer updates"},
                          {d.learning_rate, "the learning rate left unscaled"},
                          {d.updates_and_rate, "fewer updates at a learning rate left unscaled"},
                          {d.batch, "the larger global batch"},
                          {d.batch_and_updates, "the larger global batch and fewer updates"},
                          {d.communication, communication(d)}};
  std::vector<std::string> out;
  const auto add = [&](const std::string& amount, const char* verb, const char* cause) {
    out.push_back(fmt::format("{}{} {}", amount, out.empty() ? verb : " to", cause));
  };
  for (const Cause& cause : causes) {
    if (cause.part && !gives_back(*cause.part))
      add(with_interval(*cause.part), " go to", cause.name);
  }
  for (const Cause& cause : causes) {
    if (!cause.part || !gives_back(*cause.part)) continue;
    out.push_back(
        fmt::format("{} come back with {}", with_interval(negative(*cause.part)), cause.name));
  }
  return out;
}

std::string change(const Decomposition& d) {
  const bool rises = gives_back(d.loss);
  return fmt::format("From 1 to {} the accuracy {} by {} points", workers(d, d.workers),
                     rises ? "rises" : "falls", with_interval(rises ? negative(d.loss) : d.loss));
}

std::string opening(const Decomposition& d) {
  if (d.loss.mean >= 0.0005) {
    return fmt::format("Of the {} points lost from 1 to {}", with_interval(d.loss),
                       workers(d, d.workers));
  }
  return change(d);
}

}  // namespace

std::string sentence(const Decomposition& d) {
  const std::vector<std::string> causes = parts(d);
  std::string text;
  if (causes.empty()) {
    text = change(d);
  } else {
    text = opening(d) + (d.loss.mean >= 0.0005 ? ", " : ": ") + list(causes);
  }
  if (d.split_batch) {
    const bool gains = gives_back(*d.split_batch);
    text += fmt::format("; with the global batch kept, {} {} {}", workers(d, d.workers),
                        gains ? "gain" : "lose",
                        with_interval(gains ? negative(*d.split_batch) : *d.split_batch));
  }
  if (d.curve) {
    text += fmt::format("; the one-{} curve at the same {} updates reads {} %, {} reach {} %",
                        d.on_gpus ? "GPU" : "worker", d.updates, points(d.curve->mean),
                        workers(d, d.workers), points(d.many.mean));
  }
  text += std::isnan(d.loss.half_width) ? " (one repeat, so no interval is known)." : ".";
  return text;
}

}  // namespace understudy
