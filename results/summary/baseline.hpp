// Runs of several workers beside the one-worker run of the same training.
#pragma once

#include <span>

#include "results/summary/summary.hpp"

namespace understudy {

// Fills in, where such a run is at hand, every run's speed-up and what one worker's accuracy is
// after as many updates, read off its curve.
void add_baselines(const Experiment& experiment, std::span<const Unit> units, Summary& summary);

}  // namespace understudy
