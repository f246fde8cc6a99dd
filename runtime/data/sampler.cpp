#include "runtime/data/sampler.hpp"

#include <numeric>
#include <random>
#include <utility>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

std::size_t count_per_rank(std::size_t samples, std::size_t world, bool drop_last) {
  return drop_last ? samples / world : (samples + world - 1) / world;
}

}  // namespace

std::vector<std::uint32_t> torch_permutation(std::size_t n, std::uint64_t seed) {
  UNDERSTUDY_CHECK(n <= UINT32_MAX);
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::mt19937 engine(static_cast<std::uint32_t>(seed));  // PyTorch too keeps the low 32 bits
  for (std::size_t i = 0; i + 1 < n; ++i) {
    std::swap(order[i], order[i + engine() % (n - i)]);
  }
  return order;
}

DistributedSampler::DistributedSampler(const Options& options) : options_(options) {
  UNDERSTUDY_CHECK(options.world > 0);
  samples_per_rank_ = count_per_rank(options.samples, options.world, options.config.drop_last);
}

std::vector<std::uint32_t> DistributedSampler::indices(Rank rank, std::size_t epoch) const {
  UNDERSTUDY_CHECK(rank.index() < options_.world);
  const SamplerConfig& config = options_.config;
  std::vector<std::uint32_t> order;
  if (config.shuffle) {
    order = torch_permutation(options_.samples, options_.seed + (config.set_epoch ? epoch : 0));
  } else {
    order.resize(options_.samples);
    std::iota(order.begin(), order.end(), 0u);
  }
  std::vector<std::uint32_t> mine;
  mine.reserve(samples_per_rank_);
  for (std::size_t i = 0; i < samples_per_rank_; ++i) {
    mine.push_back(order[(rank.index() + i * options_.world) % order.size()]);
  }
  return mine;
}

}  // namespace understudy
