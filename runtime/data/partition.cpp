#include "runtime/data/partition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

using Indices = std::vector<std::uint32_t>;
using Shards = std::vector<Indices>;

constexpr int kMostDraws = 100;

Indices shuffled(std::size_t count, RandomStream& random) {
  Indices all(count);
  std::iota(all.begin(), all.end(), 0u);
  for (std::size_t i = count; i > 1; --i) std::swap(all[i - 1], all[random.below(i)]);
  return all;
}

// Cuts the indices where the running sum of the shares, whose sum is 1, rounds to.
void deal(const Indices& indices, std::span<const double> shares, Shards& shards) {
  double sum = 0;
  std::size_t from = 0;
  for (std::size_t s = 0; s < shares.size(); ++s) {
    sum += shares[s];
    const double cut = std::round(sum * static_cast<double>(indices.size()));
    const std::size_t to = s + 1 == shares.size()
                               ? indices.size()
                               : std::clamp(static_cast<std::size_t>(cut), from, indices.size());
    shards[s].insert(shards[s].end(), indices.begin() + static_cast<std::ptrdiff_t>(from),
                     indices.begin() + static_cast<std::ptrdiff_t>(to));
    from = to;
  }
}

// The logarithm of a draw from Gamma(shape, 1), shape >= 1: Marsaglia and Tsang, "A simple method for
// generating gamma variables", 2000.
double log_gamma_from_one(double shape, RandomStream& random) {
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = random.normal();
    const double v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log1p(-random.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v))
      return std::log(d * v);
  }
}

// Gamma(a) = Gamma(a + 1) U^(1/a). In logarithms, where a small alpha would underflow.
std::vector<double> dirichlet(double alpha, std::size_t count, RandomStream& random) {
  std::vector<double> shares;
  for (std::size_t i = 0; i < count; ++i) {
    shares.push_back(log_gamma_from_one(alpha + 1, random) + std::log1p(-random.uniform()) / alpha);
  }
  const double largest = *std::max_element(shares.begin(), shares.end());
  for (double& share : shares) share = std::exp(share - largest);
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
  return shares;
}

bool any_empty(const Shards& shards) {
  return std::any_of(shards.begin(), shards.end(), [](const Indices& s) { return s.empty(); });
}

class Divider {
 public:
  Divider(std::span<const std::uint8_t> labels, std::size_t shards, RandomStream random)
      : labels_(labels), shards_(shards), random_(random) {}

  Shards operator()(const IidPartition&) { return by_size(std::vector<double>(shards_, 1.0)); }
  Shards operator()(const SizesPartition& config) {
    if (config.shares.size() != shards_) {
      throw DataError(fmt::format("{} shares are not one for each of {} shards",
                                  config.shares.size(), shards_));
    }
    return by_size(config.shares);
  }
  Shards operator()(const DirichletPartition& config) {
    for (int draw = 0; draw < kMostDraws; ++draw) {
      const Indices all = shuffled(labels_.size(), random_);
      Shards out(shards_);
      for (const int label : {0, 1}) {
        Indices of_label;
        std::copy_if(all.begin(), all.end(), std::back_inserter(of_label),
                     [&](std::uint32_t i) { return labels_[i] == label; });
        deal(of_label, dirichlet(config.alpha, shards_, random_), out);
      }
      if (!any_empty(out)) return out;
    }
    throw DataError(fmt::format("{} samples don't reach for {} shards of alpha {}: one stays empty",
                                labels_.size(), shards_, config.alpha));
  }

 private:
  Shards by_size(std::vector<double> shares) {
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& share : shares) share /= sum;
    Shards out(shards_);
    deal(shuffled(labels_.size(), random_), shares, out);
    if (!any_empty(out)) return out;
    throw DataError(fmt::format("{} samples don't reach for {} shards: one stays empty",
                                labels_.size(), shards_));
  }

  std::span<const std::uint8_t> labels_;
  std::size_t shards_;
  RandomStream random_;
};

}  // namespace

Shards partition(const PartitionConfig& config, std::span<const std::uint8_t> labels,
                 std::size_t shards, RandomStream random) {
  UNDERSTUDY_CHECK(shards > 0);
  if (labels.size() < shards) {
    throw DataError(fmt::format("{} samples are fewer than the {} shards", labels.size(), shards));
  }
  Shards out = std::visit(Divider(labels, shards, random), config);
  for (Indices& shard : out) std::sort(shard.begin(), shard.end());
  return out;
}

}  // namespace understudy
