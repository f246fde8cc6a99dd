// Trains a shard on the host, to the bits that a board would have.
#pragma once

#include <vector>

#include "runtime/board/host_training.hpp"
#include "runtime/data/preprocess.hpp"
#include "runtime/workloads/shard_trainer.hpp"

namespace understudy {

// Samples as they are stored and computed with: integers times the smallest scale that fits all.
Shard encode(const LabelledSamples& samples, SampleElement element);
BoardTraining board_training(const ShardTraining& training);

// Its time is the node's device's.
class HostTrainer final : public ShardTrainer {
 public:
  explicit HostTrainer(Shard shard) : shard_(std::move(shard)) {}
  Task<std::optional<TrainedShard>> train(Node& node, std::vector<float> weights,
                                          ShardTraining training) override;

 private:
  Shard shard_;
};

}  // namespace understudy
