#include "results/experiment/node_usage.hpp"

#include <sys/resource.h>

#include <algorithm>

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

}  // namespace

Task<> run_measured(Workload& workload, Node& node, std::unique_ptr<GpuUsage> gpu) {
  const double processor_before = own_usage().processor_s;
  const TimePoint before = node.now();
  co_await workload.run(node);
  const auto record = [&node](const char* name, double value) {
    node.record(name, value, {}, MetricKind::kTiming);
  };
  const ProcessUsage now = own_usage();
  const double taken = std::max(1e-9, to_seconds(node.now() - before));
  record("cpu_utilization", (now.processor_s - processor_before) / taken);
  record("memory_peak_bytes", now.peak_bytes);
  if (!gpu) co_return;
  record("gpu_memory_peak_bytes", static_cast<double>(gpu->peak_bytes()));
  if (const auto busy = gpu->utilization()) record("gpu_utilization", *busy);
}

}  // namespace understudy
