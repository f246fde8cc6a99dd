// Divides samples into shards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/data/partition_config.hpp"

namespace understudy {

// What samples are divided by.
struct SampleTraits {
  std::span<const std::uint8_t> labels;
  std::span<const std::int32_t> writers{};  // one for each label, or none
};

// For each of `shards` the indices of its samples, at least one, in ascending order: samples that
// come in a random order stay in it. Throws DataError for fewer samples than shards, for shares that
// are not one for each shard, for writers that are not known or fewer than shards, and where a
// hundred draws left a shard without a sample.
std::vector<std::vector<std::uint32_t>> partition(const PartitionConfig& config,
                                                  const SampleTraits& samples, std::size_t shards,
                                                  RandomStream random);

// Divides other samples (a test set) as `shards` divide theirs: each label's go to the shards in
// proportion to how many of that label they have. A label that none has goes to nobody, and a shard may
// get nothing.
std::vector<std::vector<std::uint32_t>> matching_shards(
    std::span<const std::uint8_t> labels, std::span<const std::uint8_t> of_labels,
    const std::vector<std::vector<std::uint32_t>>& shards);

}  // namespace understudy
