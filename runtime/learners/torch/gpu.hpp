// This process's GPUs, as LibTorch has them.
#pragma once

#include <memory>

#include "runtime/learners/compute_device.hpp"
#include "runtime/learners/gpu_usage.hpp"

namespace understudy {

int count_gpus();  // 0, too, where this build knows of none

// Throws ScenarioError where there is no such GPU, or this build knows of none.
void require_gpu(const ComputeDevice& device);

// Of a device with a GPU. Throws as require_gpu().
std::unique_ptr<GpuUsage> watch_gpu(const ComputeDevice& device);

// Makes the GPU usable as the device says. Throws as require_gpu().
void set_up_gpu(const ComputeDevice& device);

}  // namespace understudy
