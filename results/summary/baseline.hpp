// How many times shorter an epoch is than with one worker.
#pragma once

#include "results/summary/summary.hpp"

namespace understudy {

// Sets RunSummary::speed_up where a run of one worker trains the same.
void add_speed_ups(const Experiment& experiment, Summary& summary);

}  // namespace understudy
