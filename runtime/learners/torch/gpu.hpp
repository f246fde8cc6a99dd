// This process's GPUs, as LibTorch has them.
#pragma once

#include <cstdint>

#include "runtime/learners/compute_device.hpp"

namespace understudy {

// The most bytes of the GPU's memory that tensors have taken at once. Throws ScenarioError where there
// is no such GPU, or this build knows of none.
std::int64_t peak_gpu_bytes(const ComputeDevice& device);

// Makes the GPU usable as the device says. Throws as peak_gpu_bytes().
void set_up_gpu(const ComputeDevice& device);

}  // namespace understudy
