// Whether counts are as their probabilities let expect.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace understudy {

// Pearson's test at four deviations (three in 100,000), by Wilson and Hilferty's approximation of
// the quantile. Cells of fewer than five expected counts are taken together.
inline void expect_distributed(const std::vector<std::int64_t>& counts,
                               const std::vector<double>& probabilities) {
  ASSERT_EQ(counts.size(), probabilities.size());
  double total = 0, sum = 0;
  for (const std::int64_t count : counts) total += static_cast<double>(count);
  for (const double probability : probabilities) sum += probability;
  ASSERT_NEAR(sum, 1, 1e-9);
  double statistic = 0, pooled = 0, pooled_expected = 0;
  int cells = 0;
  const auto add = [&](double count, double expected) {
    statistic += (count - expected) * (count - expected) / expected;
    ++cells;
  };
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * probabilities[i];
    if (expected == 0) {
      EXPECT_EQ(counts[i], 0) << "cell " << i;
    } else if (expected < 5) {
      pooled += static_cast<double>(counts[i]);
      pooled_expected += expected;
    } else {
      add(static_cast<double>(counts[i]), expected);
    }
  }
  if (pooled_expected > 0) add(pooled, pooled_expected);
  ASSERT_GT(cells, 1);
  const double freedom = cells - 1, spread = 2 / (9 * freedom);
  EXPECT_LT(statistic, freedom * std::pow(1 - spread + 4 * std::sqrt(spread), 3));
}

}  // namespace understudy
