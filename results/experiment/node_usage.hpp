// What a node's process takes of its machine, where that is a real one.
#pragma once

#include <memory>
#include <string_view>

#include "runtime/learners/gpu_usage.hpp"
#include "runtime/workloads/workload.hpp"

namespace understudy {

// The workload, and then records of what it took: cpu_utilization, processor time over the wall's time that it
// ran, more than 1 where several threads compute; memory_peak_bytes, of the process; with a GPU also
// gpu_memory_peak_bytes and, where the driver says, gpu_utilization.
Task<> run_measured(Workload& workload, Node& node, std::unique_ptr<GpuUsage> gpu);

// Whether it is one of those.
bool is_usage(std::string_view metric);

}  // namespace understudy
