// Computes the times of a finished experiment anew, under another network, topology or device. The
// weights, and so the accuracies, are those of the run that trained.
#pragma once

#include <vector>

#include "results/experiment/run_directory.hpp"
#include "scenarios/sweep.hpp"

namespace understudy {

// One unit for each repeat of each run of `experiment`, replayed dry from the units of `trained`.
// Their events go into the directory `traces`, if any. Throws ScenarioError where a run needs
// weights that none of them has.
std::vector<Unit> retime(const Experiment& experiment, const Experiment& trained,
                         const std::vector<Unit>& units, const RunDirectory* traces = nullptr);

}  // namespace understudy
