// How samples are divided into shards, as a scenario states it. Shards never overlap, and together hold
// every sample.
#pragma once

#include <variant>
#include <vector>

namespace understudy {

// At random, sizes differing by one at most.
struct IidPartition {};
// Each label's samples are divided by shares drawn from a symmetric Dirichlet distribution: the smaller
// alpha, the more the shards differ (Hsu, Qi, Brown, "Measuring the effects of non-identical data
// distribution for federated visual classification", 2019).
struct DirichletPartition {
  double alpha = 0.5;
};
// At random, with sizes in proportion to `shares`, one for each shard.
struct SizesPartition {
  std::vector<double> shares{1};
};

using PartitionConfig = std::variant<IidPartition, DirichletPartition, SizesPartition>;

}  // namespace understudy
