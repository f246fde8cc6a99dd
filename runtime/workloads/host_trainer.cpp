// Compiled with -ffp-contract=off, as firmware/kernel.h asks.
#include "runtime/workloads/host_trainer.hpp"

#include <algorithm>
#include <cmath>

#include "firmware/kernel.h"
#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// A sample's forward pass is a dot product and a sigmoid of about 30 operations, its backward pass a
// scaled sum; both read the sample.
Cost training_cost(const LabelledSamples& shard, const ShardTraining& training) {
  const double samples = static_cast<double>(shard.size()) * training.epochs;
  const double features = static_cast<double>(shard.features);
  KernelCost forward, backward;
  forward.phase = Phase::kForward;
  forward.flops = samples * (2 * features + 30);
  forward.bytes = samples * features * sizeof(float);
  backward.phase = Phase::kBackward;
  backward.flops = samples * 2 * (features + 1);
  backward.bytes = forward.bytes;
  return {forward, backward};
}

}  // namespace

void quantise(std::span<float> values, SampleElement element) {
  if (element == SampleElement::kFloat32) return;
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  if (largest == 0) return;
  const float scale = largest / (element == SampleElement::kInt8 ? 127.0f : 32767.0f);
  for (float& value : values) value = std::nearbyint(value / scale) * scale;
}

std::vector<float> train_on_shard(const LabelledSamples& shard, const ShardTraining& training,
                                  std::vector<float> weights) {
  UNDERSTUDY_CHECK(shard.features <= kernel::kMostFeatures && weights.size() == shard.features + 1);
  const auto features = static_cast<std::uint8_t>(shard.features);
  const auto batch = static_cast<std::size_t>(training.batch);
  std::vector<float> gradient(weights.size()), total(weights.size());
  for (int epoch = 0; epoch < training.epochs; ++epoch) {
    for (std::size_t first = 0; first < shard.size(); first += batch) {
      const std::size_t end = std::min(first + batch, shard.size());
      for (std::size_t i = first; i < end; ++i) {
        kernel::accumulate(weights.data(), shard.row(i).data(), features, shard.labels[i],
                           gradient.data());
      }
      kernel::finish_batch(weights.data(), gradient.data(), features,
                           static_cast<std::uint16_t>(end - first), training.l2, total.data());
      if (training.update == UpdateRule::kPerBatch)
        kernel::step(weights.data(), total.data(), features, training.rate);
    }
  }
  if (training.update == UpdateRule::kAfterEpochs)
    kernel::step(weights.data(), total.data(), features, training.rate);
  return weights;
}

Task<std::optional<TrainedShard>> HostTrainer::train(Node& node, std::vector<float> weights,
                                                     ShardTraining training) {
  const ComputePlan plan = node.plan(training_cost(shard_, training));
  co_await node.compute(plan,
                        [&] { weights = train_on_shard(shard_, training, std::move(weights)); });
  TrainedShard trained{std::move(weights), shard_.size()};
  co_return std::optional<TrainedShard>(std::move(trained));
}

}  // namespace understudy
