#include "results/experiment/retiming.hpp"

#include <fmt/format.h>

#include <map>

#include "results/experiment/trace_file.hpp"
#include "runtime/base/errors.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

using Key = std::pair<std::string, std::size_t>;  // training key, repeat

// The unit whose weights serve, for each training key and repeat.
std::map<Key, const Unit*> by_weights(const Experiment& trained, const std::vector<Unit>& units) {
  std::map<Key, const Unit*> known;
  for (const Unit& unit : units) {
    const Scenario& scenario = trained.runs.at(unit.key.run).scenario;
    known.emplace(Key{training_key(scenario), unit.key.repeat}, &unit);
  }
  return known;
}

void require_declared(const Scenario& scenario) {
  if (!scenario.boards.empty())
    throw ScenarioError("boards: what a board takes is known only by running it");
  if (depends_on_time(scenario)) {
    const bool by_workload = std::holds_alternative<LogisticRegressionConfig>(scenario.workload);
    throw ScenarioError(std::string(by_workload ? "workload.deadline" : "strategy") +
                        ": whose weights count depends on the time, so that it cannot be computed "
                        "anew without training");
  }
  if (declares_times(scenario)) return;
  throw ScenarioError(
      "devices.cost: a time that was measured cannot be computed anew; only declared costs can");
}

std::string describe(const ExpandedRun& run) {
  const std::string text = list_of(run.overrides);
  return text.empty() ? "the run" : fmt::format("the run with {}", text);
}

}  // namespace

std::vector<Unit> retime(const Experiment& experiment, const Experiment& trained,
                         const std::vector<Unit>& units, const RunDirectory* traces) {
  const auto known = by_weights(trained, units);
  std::vector<Unit> out;
  for (std::size_t run = 0; run < experiment.runs.size(); ++run) {
    const Scenario& scenario = experiment.runs[run].scenario;
    require_declared(scenario);
    const std::string key = training_key(scenario);
    for (std::size_t repeat = 0; repeat < static_cast<std::size_t>(scenario.repeats); ++repeat) {
      const auto weights = known.find({key, repeat});
      if (weights == known.end()) {
        throw ScenarioError(
            fmt::format("{}, repeat {}, would end with other weights than any that were trained; "
                        "only network, topology of as many workers, and devices can change",
                        describe(experiment.runs[run]), repeat));
      }
      UnitTask task;
      task.key = {run, repeat};
      task.scenario = &scenario;
      task.weights = weights->second;
      out.push_back(traces == nullptr ? run_unit(task)
                                      : TraceFile(traces->traces(), task.key).follow(task));
    }
  }
  return out;
}

}  // namespace understudy
