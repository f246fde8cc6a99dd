// What a run is going to take, before it runs.
#pragma once

#include <cstdint>

#include "results/experiment/unit.hpp"
#include "runtime/base/units.hpp"
#include "scenarios/scenario.hpp"

namespace understudy {

// The work of one repeat, in samples differentiated over all workers; 0 where nothing is trained.
// The data are not read: as many are assumed as were published.
struct Work {
  double gradients = 0;  // batches
  double samples_per_gradient = 0;
  double samples() const { return gradients * samples_per_gradient; }
};
Work work_of(const Scenario& scenario);

// A dry replay that needs no finished unit: the times of the scenario, data sizes assumed.
Unit replay(const Scenario& scenario);

struct RunEstimate {
  Duration time{0};   // on the scenario's clock, all repeats; 0 where the cost is measured
  double wall_s = 0;  // to train all repeats on one core of the `cpu` profile
  Bytes memory{0};    // at the peak of one repeat
};
RunEstimate estimate_run(const Scenario& scenario);

}  // namespace understudy
