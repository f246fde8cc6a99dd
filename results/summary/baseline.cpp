#include "results/summary/baseline.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "results/summary/curve.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

// What the time of one worker's epoch depends on. One worker neither exchanges anything, nor splits
// a batch, nor scales a rate, and the length of the training does not count.
std::string baseline_key(const Scenario& scenario) {
  nlohmann::ordered_json json = to_json(scenario);
  if (std::holds_alternative<ImageClassifierConfig>(scenario.workload)) {
    for (const char* key :
         {"epochs", "updates", "batch_scope", "lr_scaling", "evaluate_every", "schedule"})
      json["workload"].erase(key);
  }
  return nlohmann::ordered_json{json["workload"], json["devices"], json["mode"], json["seed"],
                                json["topology"].value("device", "")}
      .dump();
}

const Estimate* epoch_time(const RunSummary& run) { return run.find("epoch_time_s"); }

}  // namespace

void add_baselines(const Experiment& experiment, std::span<const Unit> units, Summary& summary) {
  std::map<std::string, std::size_t> baselines;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < summary.runs.size(); ++i) {
    keys.push_back(baseline_key(experiment.runs[i].scenario));
    const RunSummary& run = summary.runs[i];
    if (run.workers == 1 && epoch_time(run) != nullptr) baselines.emplace(keys.back(), i);
  }
  for (std::size_t i = 0; i < summary.runs.size(); ++i) {
    RunSummary& run = summary.runs[i];
    const auto baseline = baselines.find(keys[i]);
    if (baseline == baselines.end() || epoch_time(run) == nullptr) continue;
    const double alone = epoch_time(summary.runs[baseline->second])->mean;
    if (epoch_time(run)->mean > 0) run.speed_up = alone / epoch_time(run)->mean;
    if (run.workers > 1 && run.kind == WorkloadKind::kClassifier)
      run.one_worker_accuracy =
          read_off(units, baseline->second, "test_accuracy", run.find("steps")->mean);
  }
}

}  // namespace understudy
