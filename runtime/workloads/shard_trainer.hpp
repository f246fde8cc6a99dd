// The seam between a federated round and what trains on a node's shard: the host's own processor
// (host_trainer.hpp), or a board.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "runtime/node/node.hpp"
#include "runtime/workloads/shard_config.hpp"

namespace understudy {

struct ShardTraining {
  int epochs = 1;
  int batch = 1;  // consecutive samples; the last of an epoch may have fewer
  float rate = 0.1f;
  float l2 = 0;
  UpdateRule update = UpdateRule::kPerBatch;
};

// Weights have features + 1 elements, the intercept last.
struct TrainedShard {
  std::vector<float> weights;
  std::size_t samples = 0;  // that they were trained on
};

class ShardTrainer {
 public:
  virtual ~ShardTrainer() = default;
  // Trains from `weights` on all of the shard; nullopt where it failed, and the node sits this round
  // out. In a dry run the weights stay as they are.
  virtual Task<std::optional<TrainedShard>> train(Node& node, std::vector<float> weights,
                                                  ShardTraining training) = 0;
};

}  // namespace understudy
