#include "results/experiment/node_usage.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>

namespace understudy {
namespace {

struct ProcessUsage {
  double processor_s = 0;
  double peak_bytes = 0;
};

ProcessUsage own_usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime),
          1024.0 * static_cast<double>(usage.ru_maxrss)};
}

constexpr const char* kProcessor = "cpu_utilization";
constexpr const char* kMemory = "memory_peak_bytes";
constexpr const char* kGpu = "gpu_utilization";
constexpr const char* kGpuMemory = "gpu_memory_peak_bytes";

}  // namespace

bool is_usage(std::string_view metric) {
  return metric == kProcessor || metric == kMemory || metric == kGpu || metric == kGpuMemory;
}

Task<> run_measured(Workload& workload, Node& node, std::unique_ptr<GpuUsage> gpu) {
  const double processor_before = own_usage().processor_s;
  const auto before = std::chrono::steady_clock::now();
  co_await workload.run(node);
  const auto record = [&node](const char* name, double value) {
    node.record(name, value, {}, MetricKind::kTiming);
  };
  const ProcessUsage now = own_usage();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - before;
  record(kProcessor, (now.processor_s - processor_before) / std::max(1e-9, taken.count()));
  record(kMemory, now.peak_bytes);
  if (!gpu) co_return;
  record(kGpuMemory, static_cast<double>(gpu->peak_bytes()));
  if (const auto busy = gpu->utilization()) record(kGpu, *busy);
}

}  // namespace understudy
