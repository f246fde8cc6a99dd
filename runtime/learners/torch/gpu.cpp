#include "runtime/learners/torch/gpu.hpp"

#include <ATen/Context.h>
#include <fmt/format.h>

#include <cstdlib>

#ifdef UNDERSTUDY_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>

#include <array>
#endif

#include "runtime/base/errors.hpp"

namespace understudy {

#ifdef UNDERSTUDY_CUDA
namespace {

std::string bus_id_of(int gpu) {
  std::array<char, 32> text{};
  const bool known = cudaDeviceGetPCIBusId(text.data(), int{text.size()}, gpu) == cudaSuccess;
  return known ? text.data() : "";
}

class Usage final : public GpuUsage {
 public:
  explicit Usage(int gpu) : gpu_(static_cast<c10::DeviceIndex>(gpu)), sampler_(bus_id_of(gpu)) {}
  void restart() override {
    if (has_tensors()) c10::cuda::CUDACachingAllocator::resetPeakStats(gpu_);
    sampler_.restart();
  }
  std::int64_t peak_bytes() const override {
    if (!has_tensors()) return 0;
    constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    return c10::cuda::CUDACachingAllocator::getDeviceStats(gpu_).allocated_bytes[kAll].peak;
  }
  std::optional<double> utilization() const override { return sampler_.mean(); }

 private:
  static bool has_tensors() { return c10::cuda::CUDACachingAllocator::get()->initialized(); }
  c10::DeviceIndex gpu_;
  GpuUtilizationSampler sampler_;
};

}  // namespace

int count_gpus() { return c10::cuda::device_count(); }

void require_gpu(const ComputeDevice& device) {
  const int count = c10::cuda::device_count();
  if (*device.gpu < count) return;
  throw ScenarioError(fmt::format(
      "topology.device: cuda:{} is not there: this host shows {}", *device.gpu,
      count == 0 ? "no GPU that CUDA can use"
                 : fmt::format("{} GPU{}, from cuda:0 on", count, count == 1 ? "" : "s")));
}

std::unique_ptr<GpuUsage> watch_gpu(const ComputeDevice& device) {
  require_gpu(device);
  return std::make_unique<Usage>(*device.gpu);
}

void set_up_gpu(const ComputeDevice& device) {
  require_gpu(device);
  at::Context& context = at::globalContext();
  context.setBenchmarkCuDNN(!device.deterministic);
  context.setDeterministicCuDNN(device.deterministic);
  context.setAllowTF32CuDNN(!device.deterministic);
  context.setAllowTF32CuBLAS(!device.deterministic);
  // Where a kernel has no deterministic form, a warning says so.
  context.setDeterministicAlgorithms(device.deterministic, true);
  // cuBLAS asks for it before it is first used.
  if (device.deterministic) setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
}
#else
namespace {

[[noreturn]] void refuse(const ComputeDevice& device) {
  throw ScenarioError(fmt::format(
      "topology.device: cuda:{}: this build has no CUDA; 'cmake --preset gpu' makes one "
      "that has, as docs/gpu.md says",
      *device.gpu));
}

}  // namespace

int count_gpus() { return 0; }
void require_gpu(const ComputeDevice& device) { refuse(device); }
std::unique_ptr<GpuUsage> watch_gpu(const ComputeDevice& device) { refuse(device); }
void set_up_gpu(const ComputeDevice& device) { refuse(device); }
#endif

}  // namespace understudy
