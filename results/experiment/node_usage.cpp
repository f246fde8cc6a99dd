#include "results/experiment/node_usage.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>

namespace understudy {
namespace {

double processor_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A process may have made other runs before. Where the kernel does not let itself be asked, the peak is
// the process's.
void forget_memory_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

// proc(5): "VmHWM:     1234 kB".
std::optional<double> memory_peak_bytes() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    double kibibytes = 0;
    if (std::sscanf(line.c_str(), "VmHWM: %lf kB", &kibibytes) == 1) return 1024 * kibibytes;
  }
  return std::nullopt;
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
  forget_memory_peak();
  if (gpu) gpu->restart();
  const double processor_before = processor_s();
  const auto before = std::chrono::steady_clock::now();
  co_await workload.run(node);
  const auto record = [&node](const char* name, double value) {
    node.record(name, value, {}, MetricKind::kTiming);
  };
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - before;
  record(kProcessor, (processor_s() - processor_before) / std::max(1e-9, taken.count()));
  if (const auto peak = memory_peak_bytes()) record(kMemory, *peak);
  if (!gpu) co_return;
  record(kGpuMemory, static_cast<double>(gpu->peak_bytes()));
  if (const auto busy = gpu->utilization()) record(kGpu, *busy);
}

}  // namespace understudy
