// A profile from what was measured.
#pragma once

#include "runtime/learners/cost.hpp"
#include "sim/device/profile.hpp"

namespace understudy {

double seconds_of(const DeviceProfile& profile, const Cost& cost);

// The profile with the rate of operations at which the cost takes so long. Where it takes longer even
// with infinitely fast operations, they are that: 0.
DeviceProfile fit_compute(DeviceProfile profile, const Cost& cost, double seconds);

}  // namespace understudy
