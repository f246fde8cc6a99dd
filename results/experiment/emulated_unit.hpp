// Runs one repeat of one run as processes on the wall's clock, and is what such a process does.
#pragma once

#include "results/experiment/unit_runner.hpp"

namespace understudy {

// Throws as run_unit() does, and TransportError for a process that is lost.
Unit run_emulated_unit(const UnitTask& task);

// One node: reads at the descriptor what the coordinator has left there, and runs to the end. Throws
// what the run ends with.
void run_worker(int settings, const MakeLearner& make_learner);

}  // namespace understudy
