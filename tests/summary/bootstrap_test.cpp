// Intervals by resampling against what follows without: enumeration, and normal limits.
#include "results/summary/bootstrap.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "runtime/base/random.hpp"

namespace understudy {
namespace {

constexpr double kNormal = 1.959963984540054;  // its 97.5th percentile

// Resamples of two have the means 0, 1/2, 1/2 and 1: each end has a quarter, more than the tails.
TEST(Bootstrap, OfTwoClientsReachesBoth) {
  const BootstrapInterval i = bootstrap_mean({{0, 1}}, 1);
  EXPECT_EQ(i.mean, 0.5);
  EXPECT_EQ(i.low, 0);
  EXPECT_EQ(i.high, 1);
  EXPECT_EQ(i.clients, 2u);
  EXPECT_EQ(i.resamples, 2000u);
}

// Seeds {0, 0} and {1, 1}: clients add nothing, so that the means are those of two seeds.
TEST(Bootstrap, OfTwoSeedsDrawsThemToo) {
  const BootstrapInterval apart = bootstrap_mean({{0, 0}, {1, 1}}, 1);
  EXPECT_EQ(apart.low, 0);
  EXPECT_EQ(apart.high, 1);
  const BootstrapInterval clients = bootstrap_mean({{0, 1}, {0, 1}}, 1);
  EXPECT_EQ(clients.mean, 0.5);
  // (0, 0) or (1, 1) in both draws: 1/16 each, more than the tails.
  EXPECT_EQ(clients.low, 0);
  EXPECT_EQ(clients.high, 1);
  EXPECT_EQ(bootstrap_mean({{1}, {3, 5}}, 1).mean, 2.5);  // each seed counts alike
}

TEST(Bootstrap, OfEqualClientsIsAPoint) {
  const BootstrapInterval i = bootstrap_mean({std::vector<double>(50, 0.25)}, 1);
  EXPECT_EQ(i.low, 0.25);
  EXPECT_EQ(i.high, 0.25);
}

TEST(Bootstrap, DependsOnItsSeedAlone) {
  const std::vector<std::vector<double>> values{{0.1, 0.7, 0.4, 0.9, 0.35}};
  EXPECT_EQ(bootstrap_mean(values, 7).low, bootstrap_mean(values, 7).low);
  EXPECT_EQ(bootstrap_mean(values, 7).high, bootstrap_mean(values, 7).high);
}

// Of many clients, half of them 1: the mean of a resample has the deviation sqrt(1/4 / n). The end's own
// error, of 2,000 resamples, is sqrt(0.025 x 0.975 / 2000) over the density there, 0.06 deviations.
TEST(Bootstrap, OfManyClientsIsNormal) {
  std::vector<double> values(1000);
  for (std::size_t i = 0; i < 500; ++i) values[i] = 1;
  const double deviation = std::sqrt(0.25 / 1000);
  const BootstrapInterval i = bootstrap_mean({values}, 3);
  EXPECT_NEAR(i.low, 0.5 - kNormal * deviation, 0.3 * deviation);
  EXPECT_NEAR(i.high, 0.5 + kNormal * deviation, 0.3 * deviation);
}

// Seeds of the means m with variance v between them (over the seeds), clients with variance w in each of
// n: a resample's mean has the variance (v + w/n) / seeds.
TEST(Bootstrap, OfManySeedsAddsBothVariances) {
  std::vector<std::vector<double>> seeds;
  for (int s = 0; s < 40; ++s) {
    const double mean = s % 2 == 0 ? -1 : 1;                    // v = 1
    seeds.push_back({mean - 2, mean + 2, mean - 2, mean + 2});  // w = 4, n = 4
  }
  const double deviation = std::sqrt((1 + 4.0 / 4) / 40);
  const BootstrapInterval i = bootstrap_mean(seeds, 3);
  EXPECT_NEAR(i.mean, 0, 1e-12);
  EXPECT_NEAR(i.low, -kNormal * deviation, 0.3 * deviation);
  EXPECT_NEAR(i.high, kNormal * deviation, 0.3 * deviation);
}

// Of n normal values the interval is nearly mean +- 1.96 s sqrt((n - 1) / n) / sqrt(n), with s the
// unbiased deviation: it holds the true mean where |t| with n - 1 degrees is below 1.96 sqrt((n - 1) / n).
TEST(Bootstrap, CoversAsOftenAsItsWidthSays) {
  constexpr int kClients = 20, kTrials = 1500;
  RandomStream random({.seed = 11, .purpose = Purpose::kTest});
  int covered = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> values;
    for (int c = 0; c < kClients; ++c) values.push_back(random.normal());
    const auto i = bootstrap_mean({values}, static_cast<std::uint64_t>(trial), 400);
    covered += i.low <= 0 && 0 <= i.high ? 1 : 0;
  }
  const double t = kNormal * std::sqrt((kClients - 1.0) / kClients);
  const boost::math::students_t distribution(kClients - 1);
  const double expected = 1 - 2 * boost::math::cdf(boost::math::complement(distribution, t));
  // 400 resamples leave an end to chance by some 0.14 deviations, which costs up to a hundredth.
  EXPECT_NEAR(covered / double{kTrials}, expected,
              0.01 + 4 * std::sqrt(expected * (1 - expected) / kTrials));
}

}  // namespace
}  // namespace understudy
