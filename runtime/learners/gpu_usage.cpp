#include "runtime/learners/gpu_usage.hpp"

#include <dlfcn.h>

#include <chrono>

namespace understudy {
namespace {

constexpr std::chrono::milliseconds kInterval{250};
constexpr int kSuccess = 0;

}  // namespace

// NVML by what its documentation says of it (NVML API Reference Guide): the library comes with the driver,
// and its header with CUDA's tools, which nobody needs to have.
class GpuUtilizationSampler::Driver {
 public:
  Driver(const std::string& bus_id, const char* library)
      : library_(dlopen(library, RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) return;
    const auto init = find<int (*)()>("nvmlInit_v2");
    const auto by_bus = find<int (*)(const char*, void**)>("nvmlDeviceGetHandleByPciBusId_v2");
    get_rates_ = find<GetRates>("nvmlDeviceGetUtilizationRates");
    shut_down_ = find<int (*)()>("nvmlShutdown");
    if (init == nullptr || by_bus == nullptr || get_rates_ == nullptr || init() != kSuccess) return;
    is_open_ = true;
    if (by_bus(bus_id.c_str(), &device_) != kSuccess) device_ = nullptr;
  }
  ~Driver() {
    if (is_open_ && shut_down_ != nullptr) shut_down_();
    if (library_ != nullptr) dlclose(library_);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  std::optional<double> utilization() const {
    Rates percent;
    if (device_ == nullptr || get_rates_(device_, &percent) != kSuccess) return std::nullopt;
    return percent.gpu / 100.0;
  }

 private:
  struct Rates {  // nvmlUtilization_t
    unsigned gpu = 0, memory = 0;
  };
  using GetRates = int (*)(void*, Rates*);
  template <class Function>
  Function find(const char* name) const {
    return reinterpret_cast<Function>(dlsym(library_, name));
  }

  void* library_;
  GetRates get_rates_ = nullptr;
  int (*shut_down_)() = nullptr;
  bool is_open_ = false;
  void* device_ = nullptr;
};

GpuUtilizationSampler::GpuUtilizationSampler(const std::string& bus_id, const char* library)
    : driver_(std::make_unique<Driver>(bus_id, library)) {
  if (!driver_->utilization()) {
    driver_.reset();
    return;
  }
  thread_ = std::thread([this] { sample(); });
}

GpuUtilizationSampler::~GpuUtilizationSampler() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  over_changed_.notify_all();
  thread_.join();
}

void GpuUtilizationSampler::sample() {
  std::unique_lock lock(mutex_);
  while (!over_changed_.wait_for(lock, kInterval, [this] { return over_; })) {
    const auto now = driver_->utilization();
    if (!now) continue;
    sum_ += *now;
    ++samples_;
  }
}

void GpuUtilizationSampler::restart() {
  const std::lock_guard lock(mutex_);
  sum_ = 0;
  samples_ = 0;
}

std::optional<double> GpuUtilizationSampler::mean() const {
  const std::lock_guard lock(mutex_);
  if (samples_ > 0) return sum_ / samples_;
  return driver_ ? driver_->utilization() : std::nullopt;
}

}  // namespace understudy
