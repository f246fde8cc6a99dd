// Runs a whole experiment: every repeat of every run, several at a time, into a run directory. Runs
// that end with the same weights train once and are replayed dry for the others' times.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <vector>

#include "results/experiment/progress.hpp"
#include "results/experiment/run_directory.hpp"
#include "results/experiment/unit_runner.hpp"
#include "scenarios/sweep.hpp"

namespace understudy {

struct ExperimentOptions {
  int jobs = 1;          // threads; results do not depend on them
  bool retrain = false;  // trains every run, and fails where weights differ that should not
  Launch launch{};       // of the modes emulated and real, whose units are run one after the other
  bool trace = false;    // also leaves each unit's events in traces/
  MakeLearner make_learner{};
  DatasetCache* datasets = nullptr;  // where something trains on data
  const std::atomic<bool>* interrupt = nullptr;
  std::function<void(const ProgressState&)> on_progress{};  // on the calling thread, now and then
  std::function<void(const Unit&)> on_finished{};           // on any thread, one at a time
};

// One repeat of one run, and the run that it shares weights with, if any.
struct PlannedUnit {
  UnitKey key;
  std::optional<UnitKey> weights_of;
};
// In order of (run, repeat). A unit whose time is measured always trains.
std::vector<PlannedUnit> plan_units(const Experiment& experiment, bool retrain);

// What came of it; units in order of (run, repeat). Unless it was interrupted, all of them.
struct ExperimentResult {
  std::vector<Unit> units;
  bool interrupted = false;
};

// Units that the directory holds already are taken from there, and unfinished ones go on from their
// last safe point. Throws what a run throws; what is finished by then is kept in the directory.
ExperimentResult run_experiment(const Experiment& experiment, const RunDirectory& directory,
                                const ExperimentOptions& options);

}  // namespace understudy
