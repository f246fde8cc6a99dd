// Samples trained on the host as they are, without a scenario around.
#pragma once

#include <utility>
#include <vector>

#include "runtime/workloads/host_trainer.hpp"

namespace understudy {

inline std::vector<float> train_on_shard(const LabelledSamples& samples,
                                         const ShardTraining& training,
                                         std::vector<float> weights) {
  return train_on_host(encode(samples, SampleElement::kFloat32), board_training(training),
                       std::move(weights));
}

}  // namespace understudy
