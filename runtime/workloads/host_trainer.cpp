#include "runtime/workloads/host_trainer.hpp"

namespace understudy {
namespace {

// A sample's forward pass is a dot product and a sigmoid of about 30 operations, its backward pass a
// scaled sum; both read the sample.
Cost training_cost(const Shard& shard, const ShardTraining& training) {
  const double samples = static_cast<double>(shard.samples()) * training.epochs;
  const double features = shard.format.features;
  KernelCost forward, backward;
  forward.phase = Phase::kForward;
  forward.flops = samples * (2 * features + 30);
  forward.bytes = samples * features * sizeof(float);
  backward.phase = Phase::kBackward;
  backward.flops = samples * 2 * (features + 1);
  backward.bytes = forward.bytes;
  return {forward, backward};
}

protocol::Element element_of(SampleElement element) {
  switch (element) {
    case SampleElement::kInt8:
      return protocol::kInt8;
    case SampleElement::kInt16:
      return protocol::kInt16;
    case SampleElement::kFloat32:
      break;
  }
  return protocol::kFloat32;
}

}  // namespace

Shard encode(const LabelledSamples& samples, SampleElement element) {
  const protocol::Element stored = element_of(element);
  return make_shard(samples.values, samples.labels,
                    {.features = static_cast<int>(samples.features),
                     .element = stored,
                     .scale = fitting_scale(samples.values, stored)});
}

BoardTraining board_training(const ShardTraining& training) {
  return {.epochs = training.epochs,
          .batch = training.batch,
          .rate = training.rate,
          .l2 = training.l2,
          .update = training.update == UpdateRule::kPerBatch ? protocol::kPerBatch
                                                             : protocol::kAfterEpochs};
}

Task<std::optional<TrainedShard>> HostTrainer::train(Node& node, std::vector<float> weights,
                                                     ShardTraining training) {
  const ComputePlan plan = node.plan(training_cost(shard_, training));
  co_await node.compute(
      plan, [&] { weights = train_on_host(shard_, board_training(training), std::move(weights)); });
  TrainedShard trained{std::move(weights), static_cast<std::size_t>(shard_.samples())};
  co_return std::optional<TrainedShard>(std::move(trained));
}

}  // namespace understudy
