// Units as runs would have left them behind, without running anything.
#pragma once

#include "results/summary/summary.hpp"
#include "tests/experiment/support.hpp"

namespace understudy {

inline Sample sample(const std::string& name, double value, std::optional<int> step = {},
                     double time_s = 0) {
  return {kStart + from_seconds(time_s), {.step = step}, name, value, 0};
}

// A repeat whose nodes sit where the run's topology seats them, servers last, and did nothing.
inline Unit idle_unit(const Experiment& experiment, UnitKey key) {
  const Scenario& scenario = experiment.runs.at(key.run).scenario;
  const Seating seats = seating(scenario.topology);
  Unit unit;
  unit.key = key;
  unit.seed = scenario.seed + key.repeat;
  for (int rank = 0; rank < seats.nodes(); ++rank) {
    unit.places.push_back({rank / seats.workers_per_machine, rank % seats.workers_per_machine,
                           rank >= seats.workers});
  }
  unit.samples.resize(unit.places.size());
  unit.nodes.resize(unit.places.size());
  return unit;
}

// What matters about a repeat that trained.
struct Training {
  double accuracy = 0.9;  // recorded by rank 0 at the last update
  std::int64_t updates = 10;
  std::int64_t updates_per_epoch = 10;
  double time_s = 1;
  std::string weights_hash{};
};
inline Unit trained_unit(const Experiment& experiment, UnitKey key, const Training& training) {
  Unit unit = idle_unit(experiment, key);
  unit.updates = training.updates;
  unit.updates_per_epoch = training.updates_per_epoch;
  unit.time = kStart + from_seconds(training.time_s);
  unit.weights_hash = training.weights_hash;
  unit.samples[0] = {sample("test_accuracy", training.accuracy, static_cast<int>(training.updates),
                            training.time_s)};
  return unit;
}

// Device time of a phase.
inline void set_busy(NodeStatistics& node, Phase phase, double seconds) {
  node.busy[static_cast<std::size_t>(phase)] = from_seconds(seconds);
}

// A flow as the traffic workload records it.
inline void add_flow(Unit& unit, std::size_t rank, const FlowTimes& flow) {
  unit.samples[rank].push_back(sample("start_s", flow.start_s, flow.flow));
  unit.samples[rank].push_back(sample("delivered", flow.delivered ? 1 : 0, flow.flow));
  if (!flow.delivered) return;
  unit.samples[rank].push_back(sample("finish_s", flow.finish_s, flow.flow));
  unit.samples[rank].push_back(sample("rate", flow.rate, flow.flow));
}

}  // namespace understudy
