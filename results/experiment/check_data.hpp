// Whether the data are there that an experiment trains on.
#pragma once

#include "runtime/workloads/workload.hpp"
#include "scenarios/sweep.hpp"

namespace understudy {

// Reads every data set that the runs need into the cache. Throws DataError or ScenarioError, with
// file:line:key, for one that is missing, damaged, smaller than a limit or than the workers.
void check_data(const Experiment& experiment, DatasetCache& datasets);

}  // namespace understudy
