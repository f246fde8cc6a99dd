// An experiment in numbers: what every repeat of every run measured, with means and 95 % intervals
// over the repeats. summary.json is this, and tables, reports and expectations are made from it.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "results/experiment/prediction.hpp"
#include "results/experiment/unit.hpp"
#include "results/summary/bootstrap.hpp"
#include "results/summary/statistics.hpp"
#include "scenarios/sweep.hpp"

namespace understudy {

// One flow of a traffic workload; seconds, and bytes per second.
struct FlowTimes {
  int flow = 0;
  double start_s = 0;
  double finish_s = 0;
  double rate = 0;
  bool delivered = true;  // else it has neither a finish nor a rate
};

// Times in seconds, sizes in bytes. Times are means over the workers, those of compute without
// reductions; bytes and messages are sums over all nodes.
struct RepeatSummary {
  std::size_t repeat = 0;
  std::uint64_t seed = 0;
  std::map<std::string, double> final;  // each metric's last value, over the nodes that record it
  double time_s = 0;
  double compute_s = 0;
  double communication_s = 0;
  double exposed_communication_s = 0;
  double critical_compute_s = 0;  // of the worker that computes longest
  double critical_exposed_communication_s = 0;
  std::map<std::string, double> phases_s;  // of computing, by name: load, copy, forward, ...
  std::optional<double> epoch_time_s;      // where something is trained
  std::optional<double> update_time_s;     // likewise
  std::int64_t bytes_sent = 0;
  std::int64_t messages = 0;
  std::int64_t steps = 0;  // updates of the parameters
  std::string weights_hash;
  double wall_s = 0;
  std::vector<double> utilisation;           // by rank: share of the time spent computing
  std::optional<UnitKey> weights_of;         // its times were computed by a dry replay
  std::vector<FlowTimes> flows;              // by number
  std::optional<EmulationReport> emulation;  // of the mode emulated
  // Of the final metrics that are means over clients.
  std::map<std::string, BootstrapInterval> over_clients;
};

// In the order of WorkloadConfig.
enum class WorkloadKind {
  kClassifier,
  kCollective,
  kTraffic,
  kQuadratic,
  kLogisticRegression,
  kKnowledgeTransfer
};

struct RunSummary {
  std::vector<Override> overrides;
  std::string label;  // the overrides, for people
  std::string
      series;  // the label without what sets the number of workers: runs of a line in a chart
  WorkloadKind kind = WorkloadKind::kClassifier;
  int workers = 1;
  int machines = 1;
  Mode mode = Mode::kVirtual;
  bool on_gpus = false;       // what the workers are called
  bool declared_cost = true;  // compute is charged from a declared profile, not measured
  bool has_boards = false;
  std::map<std::string, Comparison> expect;
  std::vector<RepeatSummary> repeats;          // those that have finished
  std::map<std::string, Estimate> statistics;  // every number of a repeat, final metrics included
  // Likewise, over the repeats and each one's clients.
  std::map<std::string, BootstrapInterval> over_seeds_and_clients;
  // How many times shorter an epoch is than with one worker; where such a run is at hand.
  std::optional<double> speed_up;
  // What one worker's test accuracy is after as many updates as these workers made; likewise.
  std::optional<Estimate> one_worker_accuracy;

  // A closed form for one update, or one iteration of a collective, and where the simulated time
  // differs; where there is one.
  std::optional<Prediction> prediction;

  // Null where no repeat has the metric.
  const Estimate* find(const std::string& metric) const;
  // The simulated time that the prediction is about; null where there is none.
  const Estimate* predicted_time() const;
};

struct Summary {
  std::string name;
  std::vector<RunSummary> runs;  // all of the experiment, in its order
};

// Units may be missing, as after an interrupt.
Summary summarise(const Experiment& experiment, std::span<const Unit> units);

// The contents of summary.json.
nlohmann::ordered_json to_json(const Summary& summary);

}  // namespace understudy
