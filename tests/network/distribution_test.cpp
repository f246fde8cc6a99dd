// Draws against the distributions' means and quantiles, within five standard errors.
#include "sim/network/distribution.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

constexpr int kDraws = 100'000;
const double kFiveErrors = 5 / std::sqrt(kDraws);

std::vector<double> draws_s(const DurationDistribution& distribution) {
  RandomStream random({.seed = 5, .purpose = Purpose::kTest});
  std::vector<double> seconds;
  for (int i = 0; i < kDraws; ++i) seconds.push_back(to_seconds(draw(distribution, random)));
  return seconds;
}
double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}
double share_below(const std::vector<double>& values, double bound) {
  const auto below =
      std::count_if(values.begin(), values.end(), [&](double v) { return v < bound; });
  return static_cast<double>(below) / static_cast<double>(values.size());
}

TEST(Distribution, ConstantIsConstant) {
  for (const double s : draws_s(ConstantDuration{3s})) ASSERT_EQ(s, 3);
}

// Standard deviation = mean; half are below mean ln 2.
TEST(Distribution, Exponential) {
  const auto values = draws_s(ExponentialDuration{2s});
  EXPECT_NEAR(mean(values), 2, 2 * kFiveErrors);
  EXPECT_NEAR(share_below(values, 2 * std::log(2)), 0.5, 0.5 * kFiveErrors);
}

TEST(Distribution, Uniform) {
  const auto values = draws_s(UniformDuration{1s, 4s});
  EXPECT_NEAR(mean(values), 2.5, 3 / std::sqrt(12) * kFiveErrors);
  EXPECT_GE(*std::min_element(values.begin(), values.end()), 1);
  EXPECT_LE(*std::max_element(values.begin(), values.end()), 4);
  EXPECT_NEAR(share_below(values, 2), 1.0 / 3, 0.5 * kFiveErrors);
}

// P(T < scale) = 1 - 1/e whatever the shape; the mean is scale x Gamma(1 + 1/shape).
TEST(Distribution, Weibull) {
  for (const double shape : {0.5, 1.0, 3.0}) {
    const auto values = draws_s(WeibullDuration{2s, shape});
    EXPECT_NEAR(share_below(values, 2), 1 - std::exp(-1), 0.5 * kFiveErrors) << shape;
    const double expected = 2 * std::tgamma(1 + 1 / shape);
    const double deviation = std::sqrt(4 * std::tgamma(1 + 2 / shape) - expected * expected);
    EXPECT_NEAR(mean(values), expected, deviation * kFiveErrors) << shape;
  }
}

TEST(Distribution, IsNeverZeroAndNeverPastTheClock) {
  for (const double s : draws_s(UniformDuration{0ns, Duration{1500}})) ASSERT_GE(s, 1e-9);
  for (const double s : draws_s(WeibullDuration{1h, 0.1}))
    ASSERT_LE(s, to_seconds(Duration::max()));
  EXPECT_EQ(saturated(1e30), Duration::max());
  EXPECT_EQ(later(kStart + 1s, Duration::max()), kNever);
  EXPECT_EQ(later(kStart + 1s, 2s), kStart + 3s);
}

TEST(Distribution, RefusesEndsTheWrongWayRound) {
  EXPECT_NO_THROW(require_valid(UniformDuration{2s, 2s}));
  EXPECT_THROW(require_valid(UniformDuration{2s, 1s}), ScenarioError);
}

}  // namespace
}  // namespace understudy
