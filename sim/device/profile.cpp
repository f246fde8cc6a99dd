#include "sim/device/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/base/text.hpp"

namespace understudy {
namespace {

using std::chrono::microseconds;

// Achieved rates are published peaks times an efficiency. Compute efficiencies come from training
// throughputs of ResNet-50 in single precision (TF32 tensor cores included, PyTorch's default for
// convolutions), which costs 24.5 GFLOP an image: 4.09 G multiply-adds forward (He et al., 2016),
// two operations each, three times for forward and backward. Memory and PCIe efficiencies are the
// usual 80 % of peak that copies reach; an eager operator costs 5-25 us on the host before its
// kernel runs, of which 10 are charged
// (https://jiahuanglin.xyz/all_lessons/gpu_kernel_serving/18_pytorch_to_kernel.html).
constexpr double kTera = 1e12;
constexpr double kGiga = 1e9;
constexpr double kMemoryEfficiency = 0.8;
constexpr double kPcie4 = 0.8 * 31.5 * kGiga;  // 16 lanes
constexpr double kPcie5 = 0.8 * 63.0 * kGiga;
constexpr auto kEagerOperator = microseconds(10);
// ImageDataset::gather on one core, 28x28 images (measured by bench_learners).
constexpr double kLoaderSamples = 1.2e6;

using NamedProfile = std::pair<const char*, DeviceProfile>;

DeviceProfile gpu(double flops_per_s, double peak_memory, double copy) {
  return {.flops_per_s = flops_per_s,
          .memory_bytes_per_s = kMemoryEfficiency * peak_memory,
          .launch_overhead = kEagerOperator,
          .copy_bytes_per_s = copy,
          .load_samples_per_s = kLoaderSamples};
}

const std::vector<NamedProfile>& builtin_profiles() {
  static const std::vector<NamedProfile> profiles{
      {"ideal", {}},
      // GA106: 12.7 TFLOP/s, 360 GB/s (NVIDIA, GeForce RTX 3060). Efficiency of the 3080: 169
      // images/s. No throughput of its own was found; square products, its upper bound, reach 12.4
      // TFLOP/s in TF32 (https://github.com/zzc0721/torch-performance-test-data/issues/131).
      {"rtx3060", gpu(0.326 * 12.7 * kTera, 360 * kGiga, kPcie4)},
      // GA102: 29.8 TFLOP/s, 760 GB/s (NVIDIA Ampere GA102 whitepaper). 396 images/s at batch 64 in
      // FP32, TensorFlow 2.4 (https://github.com/ROCm/tensorflow-upstream/issues/173): 9.7 TFLOP/s.
      {"rtx3080", gpu(0.326 * 29.8 * kTera, 760 * kGiga, kPcie4)},
      // GA102: 35.6 TFLOP/s, 936 GB/s (same whitepaper). 561 images/s in FP32, TensorFlow 1.15
      // (https://cloud.tencent.com/developer/article/1729954): 13.7 TFLOP/s.
      {"rtx3090", gpu(0.385 * 35.6 * kTera, 936 * kGiga, kPcie4)},
      // 19.5 TFLOP/s in FP32 (156 in TF32), 1555 GB/s, 40 GB (NVIDIA A100 whitepaper). 5322
      // images/s on eight in TF32, 665 each (NVIDIA DeepLearningExamples,
      // PyTorch/Classification/ConvNets): 16.3 TFLOP/s.
      {"a100", gpu(0.835 * 19.5 * kTera, 1555 * kGiga, kPcie4)},
      // SXM5: 66.9 TFLOP/s in FP32 (494 in TF32), 3350 GB/s (NVIDIA H100 whitepaper). ResNet-50
      // trains 1.8 times as fast as on an A100 in otherwise equal MLPerf 3.0 entries
      // (https://silvertonconsulting.com/2023/07/12/mlperf-results-show-h100-v-a100-and-v-habana-gaudi2-gpus/),
      // which makes 29.3 TFLOP/s.
      {"h100", gpu(0.438 * 66.9 * kTera, 3350 * kGiga, kPcie5)},
      // One core of an EPYC 9004 at 2.6 GHz, as measured by bench_learners: sgemm reaches 100
      // GFLOP/s, whole training steps about 78; rates fitted to both models, 1,100 (cnn) and 14,000
      // (lenet) images/s. Nothing is copied.
      {"cpu",
       {.flops_per_s = 78 * kGiga,
        .memory_bytes_per_s = 20 * kGiga,
        .launch_overhead = microseconds(40),
        .copy_bytes_per_s = 0,
        .load_samples_per_s = kLoaderSamples}},
  };
  return profiles;
}

// Infinitely fast where the rate is 0.
double seconds(double amount, double rate) { return rate > 0 ? amount / rate : 0; }

}  // namespace

Duration DeviceProfile::time(const KernelCost& kernel) const {
  if (kernel.phase == Phase::kLoad)
    return from_seconds(seconds(kernel.samples, load_samples_per_s));
  if (kernel.phase == Phase::kCopy) {
    const double copying = seconds(kernel.bytes, copy_bytes_per_s);
    return from_seconds(copying) + (copying > 0 ? launch_overhead : Duration{0});
  }
  if (kernel.flops == 0 && kernel.bytes == 0) return Duration{0};
  const double computing = seconds(kernel.flops, flops_per_s);
  const double moving = seconds(kernel.bytes, memory_bytes_per_s);
  return launch_overhead + from_seconds(std::max(computing, moving));
}

std::optional<CudaName> parse_cuda(const std::string& device) {
  if (device == "cuda") return CudaName{};
  if (!device.starts_with("cuda:")) return std::nullopt;
  const std::optional<int> index = parse_whole(std::string_view(device).substr(5));
  if (!index) return std::nullopt;
  return CudaName{index};
}

std::vector<std::string> builtin_profile_names() {
  std::vector<std::string> names;
  for (const auto& [name, profile] : builtin_profiles()) names.emplace_back(name);
  return names;
}

DeviceProfile find_profile(const DevicesConfig& config, const std::string& name) {
  if (const auto own = config.profiles.find(name); own != config.profiles.end()) return own->second;
  for (const auto& [known, profile] : builtin_profiles()) {
    if (name == known) return profile;
  }
  std::vector<std::string> names = builtin_profile_names();
  for (const auto& [own, profile] : config.profiles) names.push_back(own);
  const std::string nearest = nearest_name(name, names);
  throw ScenarioError(
      fmt::format("there is no device profile '{}'{}", name,
                  nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

ComputePlan plan_of(const DeviceProfile& profile, const Cost& cost) {
  ComputePlan plan;
  for (const KernelCost& kernel : cost) {
    const Duration time = profile.time(kernel);
    plan.total += time;
    plan.phases[static_cast<std::size_t>(kernel.phase)] += time;
    if (kernel.mark) plan.marks.push_back({static_cast<std::size_t>(*kernel.mark), plan.total});
  }
  return plan;
}

}  // namespace understudy
