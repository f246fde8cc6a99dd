// The study in small: a classifier on one and on four workers, with runs that remove one cause of a
// loss after the other.
#pragma once

#include <cmath>

#include "tests/summary/units.hpp"

namespace understudy {

// Variant by variant the runs are: one worker, four in one machine; one worker, four machines.
inline const std::string kStudy = R"(
repeats: 3
topology: {kind: cluster}
workload: {kind: image_classifier, model: lenet, epochs: 2, optimizer: {kind: sgd, lr: 0.05}}
sweep:
  variant:
    - {name: as published}
    - {name: equal updates, workload.epochs: null, workload.updates: 80}
    - {name: equal global batch, workload.batch_scope: global}
    - {name: scaled rate, workload.lr_scaling: linear}
  shape:
    - {name: one machine, topology.devices_per_machine: [1, 4]}
    - {name: machines, topology.machines: [1, 4]}
)";
// Indices of runs.
inline constexpr std::size_t kOne = 0, kInOneMachine = 1, kMany = 3, kEqualUpdates = 7,
                             kSplitBatch = 11, kScaledRate = 15;

// A run by the accuracies of its repeats; NaN for a repeat that has not finished.
struct Ran {
  std::size_t run = 0;
  std::vector<double> accuracies;
  std::int64_t updates = 20;
  std::string weights_hash{};
};
inline std::vector<Unit> units_of(const Experiment& experiment, const std::vector<Ran>& runs) {
  std::vector<Unit> units;
  for (const Ran& ran : runs) {
    for (std::size_t repeat = 0; repeat < ran.accuracies.size(); ++repeat) {
      if (std::isnan(ran.accuracies[repeat])) continue;
      units.push_back(trained_unit(experiment, {ran.run, repeat},
                                   {.accuracy = ran.accuracies[repeat],
                                    .updates = ran.updates,
                                    .weights_hash = ran.weights_hash}));
    }
  }
  return units;
}

// Four workers make a quarter of one worker's updates, unless they are to make as many.
inline const std::vector<Ran> kAllRuns = {
    {kOne, {0.96, 0.98}, 80},          {kInOneMachine, {0.89, 0.93}}, {kMany, {0.88, 0.92}},
    {kEqualUpdates, {0.95, 0.97}, 80}, {kSplitBatch, {0.94, 0.98}},   {kScaledRate, {0.93, 0.95}}};

}  // namespace understudy
