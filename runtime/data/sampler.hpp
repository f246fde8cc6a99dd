// Which samples a rank sees, in which order: index for index what Python's
// torch.utils.data.DistributedSampler gives.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/data/sampler_config.hpp"

namespace understudy {

// torch.randperm(n) from a CPU generator seeded with `seed`: Fisher and Yates over draws of
// MT19937, each reduced modulo what is left. n below 2^32.
std::vector<std::uint32_t> torch_permutation(std::size_t n, std::uint64_t seed);

class DistributedSampler {
 public:
  struct Options {
    std::size_t samples = 0;  // in the data set
    std::size_t world = 1;    // > 0
    std::uint64_t seed = 0;
    SamplerConfig config;
  };
  explicit DistributedSampler(const Options& options);

  // How many samples every rank gets in an epoch: ceil(N / world), or without the tail with
  // drop_last.
  std::size_t samples_per_rank() const { return samples_per_rank_; }
  // The rank's indices in an epoch: all indices, shuffled by seed + epoch, then padded by
  // repetition from their start (or cut), then every world-th from the rank on.
  std::vector<std::uint32_t> indices(Rank rank, std::size_t epoch) const;

 private:
  Options options_;
  std::size_t samples_per_rank_;
};

}  // namespace understudy
