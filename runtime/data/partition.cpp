#include "runtime/data/partition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
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
  Divider(const SampleTraits& samples, std::size_t shards, RandomStream random)
      : labels_(samples.labels), writers_(samples.writers), shards_(shards), random_(random) {}

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
      for (int label = 0; label < label_count(); ++label) {
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

  Shards operator()(const StridedPartition&) {
    Shards out(shards_);
    for (std::size_t i = 0; i < labels_.size(); ++i)
      out[i % shards_].push_back(static_cast<std::uint32_t>(i));
    return out;
  }
  Shards operator()(const ShardsPartition& config) {
    const std::size_t pieces = shards_ * static_cast<std::size_t>(config.per_node);
    if (pieces > labels_.size()) {
      throw DataError(fmt::format("{} samples can't be cut into {} pieces for each of {} shards",
                                  labels_.size(), config.per_node, shards_));
    }
    Indices by_label = shuffled(labels_.size(), random_);
    std::stable_sort(by_label.begin(), by_label.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return labels_[a] < labels_[b]; });
    Shards cut(pieces);
    deal(by_label, std::vector<double>(pieces, 1 / static_cast<double>(pieces)), cut);
    const Indices order = shuffled(pieces, random_);
    Shards out(shards_);
    for (std::size_t p = 0; p < pieces; ++p) {
      const Indices& piece = cut[order[p]];
      out[p % shards_].insert(out[p % shards_].end(), piece.begin(), piece.end());
    }
    return out;
  }
  Shards operator()(const QuantityPartition& config) {
    for (int draw = 1; draw < kMostDraws; ++draw) {
      Shards out(shards_);
      deal(shuffled(labels_.size(), random_), dirichlet(config.alpha, shards_, random_), out);
      if (!any_empty(out)) return out;
    }
    throw DataError(fmt::format("{} samples don't reach for {} shards of alpha {}: one stays empty",
                                labels_.size(), shards_, config.alpha));
  }
  // The largest first, each to the shard that has least: sizes at most a third of the ideal's apart
  // from it (Graham, "Bounds on multiprocessing timing anomalies", 1969).
  Shards operator()(const WriterPartition&) {
    std::vector<Indices> of_writers = by_writer();
    std::ranges::stable_sort(of_writers, std::ranges::greater(), &Indices::size);
    Shards out(shards_);
    for (const Indices& samples : of_writers) {
      Indices& least = *std::ranges::min_element(out, {}, &Indices::size);
      least.insert(least.end(), samples.begin(), samples.end());
    }
    return out;
  }

 private:
  std::vector<Indices> by_writer() const {
    if (writers_.size() != labels_.size())
      throw DataError(
          "samples can't be divided by writer where the data do not say who wrote them");
    std::map<std::int32_t, Indices> found;
    for (std::size_t i = 0; i < writers_.size(); ++i)
      found[writers_[i]].push_back(static_cast<std::uint32_t>(i));
    if (found.size() < shards_)
      throw DataError(
          fmt::format("{} writers are fewer than the {} shards", found.size(), shards_));
    std::vector<Indices> out;
    for (auto& [writer, samples] : found) out.push_back(std::move(samples));
    return out;
  }
  int label_count() const { return 1 + *std::max_element(labels_.begin(), labels_.end()); }
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
  std::span<const std::int32_t> writers_;
  std::size_t shards_;
  RandomStream random_;
};

}  // namespace

Shards matching_shards(std::span<const std::uint8_t> labels,
                       std::span<const std::uint8_t> of_labels, const Shards& shards) {
  Shards out(shards.size());
  const std::size_t labels_there = 256;
  for (std::size_t label = 0; label < labels_there; ++label) {
    std::vector<double> shares;
    for (const Indices& shard : shards) {
      shares.push_back(static_cast<double>(std::count_if(
          shard.begin(), shard.end(), [&](std::uint32_t i) { return of_labels[i] == label; })));
    }
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    if (sum == 0) continue;
    for (double& share : shares) share /= sum;
    Indices of_label;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == label) of_label.push_back(static_cast<std::uint32_t>(i));
    }
    deal(of_label, shares, out);
  }
  for (Indices& shard : out) std::sort(shard.begin(), shard.end());
  return out;
}

Shards partition(const PartitionConfig& config, const SampleTraits& samples, std::size_t shards,
                 RandomStream random) {
  UNDERSTUDY_CHECK(shards > 0);
  if (samples.labels.size() < shards) {
    throw DataError(
        fmt::format("{} samples are fewer than the {} shards", samples.labels.size(), shards));
  }
  Shards out = std::visit(Divider(samples, shards, random), config);
  for (Indices& shard : out) std::sort(shard.begin(), shard.end());
  return out;
}

}  // namespace understudy
