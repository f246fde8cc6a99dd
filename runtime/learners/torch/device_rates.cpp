#include "runtime/learners/torch/device_rates.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>

#include "runtime/learners/torch/gpu.hpp"
#include "runtime/learners/torch/guarded.hpp"
#include "runtime/learners/torch/torch_learner.hpp"

namespace understudy {
namespace {

constexpr std::int64_t kLong = std::int64_t{64} << 20;  // bytes, more than caches hold
constexpr int kTimes = 9;
constexpr int kOperations = 1000;

// The median of several, in seconds; the first, which warms up, does not count.
template <class Run>
double seconds(const Run& run) {
  std::vector<double> all;
  for (int i = 0; i <= kTimes; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    if (i > 0) all.push_back(taken.count());
  }
  std::nth_element(all.begin(), all.begin() + kTimes / 2, all.end());
  return all[kTimes / 2];
}

// Ends when the device has done what it was given: a number comes back.
void finish(const at::Tensor& last) { last.flatten()[0].item<float>(); }

double copy_rate(const at::Device& device) {
  if (device.is_cpu()) return 0;
  const at::Tensor host =
      at::empty({kLong}, at::TensorOptions().dtype(at::kByte).pinned_memory(true));
  at::Tensor there = at::empty({kLong}, host.options().device(device).pinned_memory(false));
  return static_cast<double>(kLong) / seconds([&] {
           there.copy_(host, true);
           finish(there);
         });
}

}  // namespace

DeviceRates measure_rates(const ComputeDevice& where) {
  return guarded([&] {
    at::Device device(at::kCPU);
    if (where.gpu) {
      set_up_gpu(where);
      device = at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(*where.gpu));
    }
    use_one_thread();
    const c10::InferenceMode inference;
    const auto options = at::TensorOptions(device).dtype(at::kFloat);
    at::Tensor vector = at::ones({kLong / 4}, options), few = at::ones({1}, options);
    DeviceRates rates;
    rates.memory_bytes_per_s = 2.0 * static_cast<double>(kLong) / seconds([&] {
                                 vector.mul_(1.0f);
                                 finish(vector);
                               });
    rates.launch_overhead_s = seconds([&] {
                                for (int i = 0; i < kOperations; ++i) few.mul_(1.0f);
                                finish(few);
                              }) /
                              kOperations;
    rates.copy_bytes_per_s = copy_rate(device);
    return rates;
  });
}

double measure_step(const Model& model, std::size_t count, const ComputeDevice& device) {
  const auto learner = make_torch_learner(model, device);
  std::vector<float> parameters(learner->layout().size), gradient(parameters.size());
  learner->initial(RandomStream({.seed = 1}), parameters);
  RandomStream random({.seed = 1, .purpose = Purpose::kTest});
  Batch batch{.count = count, .inputs = {}, .labels = {}};
  batch.inputs.resize(count * static_cast<std::size_t>(model.input.size()));
  for (float& pixel : batch.inputs) pixel = static_cast<float>(random.normal());
  for (std::size_t i = 0; i < count; ++i)
    batch.labels.push_back(static_cast<std::int64_t>(i) % class_count(model));
  return seconds(
      [&] { learner->gradient(parameters, batch, gradient, RandomStream({.seed = 2}), {}); });
}

}  // namespace understudy
