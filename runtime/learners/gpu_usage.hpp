// What a process takes of its GPU.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace understudy {

class GpuUsage {
 public:
  virtual ~GpuUsage() = default;
  // What is said is since then, or since this was made.
  virtual void restart() = 0;
  // The most that this process's tensors have taken of its memory at once.
  virtual std::int64_t peak_bytes() const = 0;
  // 0..1, whoever used it; nothing: the driver does not say.
  virtual std::optional<double> utilization() const = 0;
};

// Asks the driver, by a thread, four times a second (NVML, nvmlDeviceGetUtilizationRates: the share of
// its last sample period, 1/6 s to 1 s, in which a kernel ran).
class GpuUtilizationSampler {
 public:
  // The GPU at a PCI address, "0000:3B:00.0". Where the driver's library is missing, or does not know
  // the GPU, there are no samples.
  explicit GpuUtilizationSampler(const std::string& bus_id,
                                 const char* library = "libnvidia-ml.so.1");
  ~GpuUtilizationSampler();

  void restart();
  std::optional<double> mean() const;  // 0..1, since the restart

 private:
  class Driver;
  void sample();

  std::unique_ptr<Driver> driver_;  // null: no samples
  mutable std::mutex mutex_;
  std::condition_variable over_changed_;
  bool over_ = false;
  double sum_ = 0;
  int samples_ = 0;
  std::thread thread_;
};

}  // namespace understudy
