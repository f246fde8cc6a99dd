#include "results/summary/curve.hpp"

#include <algorithm>

namespace understudy {
namespace {

constexpr const char* kShare = "test_samples";

// How many samples of the test set a node's metric speaks for, at a step or at last.
double weight(std::span<const Sample> samples, const std::string& metric, std::optional<int> step) {
  if (metric != "test_accuracy" && metric != "test_loss") return 1;
  double weight = 1;
  for (const Sample& s : samples) {
    if (s.name == kShare && (!step || s.position.step == step)) weight = s.value;
  }
  return weight;
}

struct WeightedSum {
  double sum = 0, weight = 0, last_time_s = 0;

  void add(double value, double by, double time_s) {
    sum += value * by;
    weight += by;
    last_time_s = std::max(last_time_s, time_s);
  }
  double mean() const { return sum / weight; }
};

bool is_test_metric(const std::string& name) {
  return name.starts_with("global_test_") || name.starts_with("personal_test_");
}

void add_best_by_validation(std::span<const Sample> samples,
                            std::map<std::string, double>& metrics) {
  const Sample* best = nullptr;
  for (const Sample& s : samples) {
    if (s.name == "personal_validation_accuracy_mean" && (best == nullptr || s.value > best->value))
      best = &s;
  }
  if (best == nullptr || !best->position.step) return;
  metrics["best_validation_round"] = *best->position.step;
  for (const Sample& s : samples) {
    if (is_test_metric(s.name) && s.position.step == best->position.step)
      metrics[s.name + "_at_best_validation"] = s.value;
  }
}

}  // namespace

std::vector<CurvePoint> curve(const Unit& unit, const std::string& metric) {
  std::map<int, WeightedSum> by_step;
  for (const auto& samples : unit.samples) {
    for (const Sample& s : samples) {
      if (s.name != metric || !s.position.step) continue;
      by_step[*s.position.step].add(s.value, weight(samples, metric, s.position.step),
                                    to_seconds(s.time));
    }
  }
  std::vector<CurvePoint> points;
  for (const auto& [step, sum] : by_step) points.push_back({step, sum.last_time_s, sum.mean()});
  return points;
}

std::optional<double> interpolate(std::span<const CurvePoint> curve, double step) {
  const auto after = std::lower_bound(curve.begin(), curve.end(), step,
                                      [](const CurvePoint& p, double at) { return p.step < at; });
  if (after == curve.end()) return std::nullopt;
  if (after->step == step) return after->value;
  if (after == curve.begin()) return std::nullopt;
  const CurvePoint& before = *std::prev(after);
  const double share = (step - before.step) / (after->step - before.step);
  return before.value + share * (after->value - before.value);
}

std::optional<Estimate> read_off(std::span<const Unit> units, std::size_t run,
                                 const std::string& metric, double updates,
                                 const std::set<std::size_t>* only) {
  std::vector<double> values;
  for (const Unit& unit : units) {
    if (unit.key.run != run || (only != nullptr && !only->contains(unit.key.repeat))) continue;
    if (const auto value = interpolate(curve(unit, metric), updates)) values.push_back(*value);
  }
  if (values.empty()) return std::nullopt;
  return estimate(values);
}

std::map<std::string, double> final_metrics(const Unit& unit) {
  std::map<std::string, WeightedSum> sums;
  for (const auto& samples : unit.samples) {
    std::map<std::string, double> last;
    for (const Sample& s : samples) last[s.name] = s.value;
    for (const auto& [name, value] : last)
      sums[name].add(value, weight(samples, name, std::nullopt), 0);
  }
  std::map<std::string, double> metrics;
  for (const auto& [name, sum] : sums) metrics[name] = name == kShare ? sum.sum : sum.mean();
  for (const auto& samples : unit.samples) add_best_by_validation(samples, metrics);
  return metrics;
}

}  // namespace understudy
