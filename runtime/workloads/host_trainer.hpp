// Trains a shard on the host as a board would: with the same calls of firmware/kernel.h in the same
// order, and so to the same bits.
#pragma once

#include <span>
#include <vector>

#include "runtime/data/preprocess.hpp"
#include "runtime/workloads/shard_trainer.hpp"

namespace understudy {

// Features as an element of so many bits holds them: x' = scale q, q the integer nearest to x / scale,
// scale = the largest magnitude / 127 or 32767. float32 stays as it is.
void quantise(std::span<float> values, SampleElement element);

std::vector<float> train_on_shard(const LabelledSamples& shard, const ShardTraining& training,
                                  std::vector<float> weights);

// Its time is the node's device's.
class HostTrainer final : public ShardTrainer {
 public:
  HostTrainer(LabelledSamples shard, SampleElement element) : shard_(std::move(shard)) {
    quantise(shard_.values, element);
  }
  Task<std::optional<TrainedShard>> train(Node& node, std::vector<float> weights,
                                          ShardTraining training) override;

 private:
  LabelledSamples shard_;
};

}  // namespace understudy
