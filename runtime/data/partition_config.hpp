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
// Shard i holds samples i, i + n, i + 2n and so on, of n shards.
struct StridedPartition {};
// Samples sorted by label are cut into `per_node` equal pieces for each shard, which gets so many at
// random: few labels each (McMahan et al., 2017, with 2).
struct ShardsPartition {
  int per_node = 2;
};
// At random, with sizes by shares drawn from a symmetric Dirichlet distribution.
struct QuantityPartition {
  double alpha = 1;
};
// By who wrote the samples, as LEAF has it (Caldas et al., "LEAF: a benchmark for federated
// settings", 2018): a writer's samples are all in one shard.
struct WriterPartition {};

using PartitionConfig =
    std::variant<IidPartition, DirichletPartition, SizesPartition, StridedPartition,
                 ShardsPartition, QuantityPartition, WriterPartition>;

}  // namespace understudy
