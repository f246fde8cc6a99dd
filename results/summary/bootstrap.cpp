#include "results/summary/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/base/errors.hpp"
#include "runtime/base/random.hpp"

namespace understudy {
namespace {

constexpr double kTail = 0.025;

// Linear between the order statistics.
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double resampled_mean(const std::vector<double>& values, RandomStream& random) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += values[random.below(values.size())];
  return sum / static_cast<double>(values.size());
}

}  // namespace

BootstrapInterval bootstrap_mean(const std::vector<std::vector<double>>& values, std::uint64_t seed,
                                 std::size_t resamples) {
  UNDERSTUDY_CHECK(!values.empty() && resamples > 0);
  BootstrapInterval out;
  out.resamples = resamples;
  for (const auto& clients : values) {
    UNDERSTUDY_CHECK(!clients.empty());
    out.clients += clients.size();
    out.mean += mean_of(clients) / static_cast<double>(values.size());
  }
  RandomStream random({.seed = seed, .purpose = Purpose::kBootstrap});
  std::vector<double> means;
  for (std::size_t r = 0; r < resamples; ++r) {
    double sum = 0;
    for (std::size_t s = 0; s < values.size(); ++s)
      sum += resampled_mean(values[random.below(values.size())], random);
    means.push_back(sum / static_cast<double>(values.size()));
  }
  std::sort(means.begin(), means.end());
  out.low = quantile(means, kTail);
  out.high = quantile(means, 1 - kTail);
  return out;
}

}  // namespace understudy
