// What a device achieves, measured: what a profile declares.
#pragma once

#include "runtime/learners/compute_device.hpp"
#include "runtime/learners/model.hpp"

namespace understudy {

struct DeviceRates {
  double memory_bytes_per_s = 0;  // reading and writing long vectors
  double copy_bytes_per_s = 0;  // from the host to a GPU; 0 for the processor, which copies nothing
  double launch_overhead_s = 0;  // of an operation on next to nothing
};
// Takes about a second. Throws ScenarioError where there is no such device.
DeviceRates measure_rates(const ComputeDevice& device);

// Seconds of one gradient over `count` random samples: the median of several.
double measure_step(const Model& model, std::size_t count, const ComputeDevice& device);

}  // namespace understudy
