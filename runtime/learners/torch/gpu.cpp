#include "runtime/learners/torch/gpu.hpp"

#include <ATen/Context.h>
#include <fmt/format.h>

#include <cstdlib>

#ifdef UNDERSTUDY_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#endif

#include "runtime/base/errors.hpp"

namespace understudy {

#ifdef UNDERSTUDY_CUDA
namespace {

void require(const ComputeDevice& device) {
  const int count = c10::cuda::device_count();
  if (*device.gpu < count) return;
  throw ScenarioError(fmt::format(
      "topology.device: cuda:{} is not there: this host shows {}", *device.gpu,
      count == 0 ? "no GPU that CUDA can use"
                 : fmt::format("{} GPU{}, from cuda:0 on", count, count == 1 ? "" : "s")));
}

}  // namespace

std::int64_t peak_gpu_bytes(const ComputeDevice& device) {
  require(device);
  const auto index = static_cast<c10::DeviceIndex>(*device.gpu);
  if (!c10::cuda::CUDACachingAllocator::get()->initialized()) return 0;
  constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return c10::cuda::CUDACachingAllocator::getDeviceStats(index).allocated_bytes[kAll].peak;
}

void set_up_gpu(const ComputeDevice& device) {
  require(device);
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

std::int64_t peak_gpu_bytes(const ComputeDevice& device) { refuse(device); }
void set_up_gpu(const ComputeDevice& device) { refuse(device); }
#endif

}  // namespace understudy
