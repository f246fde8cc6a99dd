// Means and their intervals against Student's t as tables print it.
#include "results/summary/statistics.hpp"

#include <cmath>
#include <numeric>

namespace understudy {
namespace {

std::vector<double> from_1_to(std::size_t n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

// The values 1 to n have the mean (n+1)/2 and the variance n(n+1)/12, so that the standard error of
// their mean is sqrt((n+1)/12). t(0.975) is from the table.
TEST(Estimate, HalfWidthsAreStudentsT) {
  struct Row {
    std::size_t n;
    double t;  // with n-1 degrees of freedom
  };
  for (const Row& row : {Row{2, 12.706}, Row{3, 4.303}, Row{5, 2.776}, Row{10, 2.262},
                         Row{30, 2.045}, Row{121, 1.980}}) {
    const Estimate e = estimate(from_1_to(row.n));
    const double n = static_cast<double>(row.n), standard_error = std::sqrt((n + 1) / 12);
    EXPECT_DOUBLE_EQ(e.mean, (n + 1) / 2);
    EXPECT_NEAR(e.half_width, row.t * standard_error, 0.0006 * standard_error) << row.n;
    EXPECT_EQ(e.count, row.n);
  }
}

TEST(Estimate, EqualValuesLeaveNoDoubt) {
  const Estimate e = estimate(std::vector<double>{0.5, 0.5, 0.5});
  EXPECT_EQ(e.mean, 0.5);
  EXPECT_EQ(e.half_width, 0);
}

// 1 apart at a thousand million, where the sum of squares has lost that 1.
TEST(Estimate, ALargeMeanDoesNotDrownTheSpread) {
  const double base = 1e9;
  const Estimate e = estimate(std::vector<double>{base + 1, base + 2, base + 3});
  EXPECT_EQ(e.mean, base + 2);
  EXPECT_NEAR(e.half_width, 4.303 / std::sqrt(3.0), 0.001);
}

TEST(Estimate, OneValueHasNoInterval) {
  const Estimate e = estimate(std::vector<double>{3});
  EXPECT_EQ(e.mean, 3);
  EXPECT_TRUE(std::isnan(e.half_width));
  EXPECT_EQ(e.count, 1u);
}

TEST(Estimate, NoValueHasNoMean) {
  const Estimate e = estimate({});
  EXPECT_TRUE(std::isnan(e.mean));
  EXPECT_TRUE(std::isnan(e.half_width));
  EXPECT_EQ(e.count, 0u);
}

}  // namespace
}  // namespace understudy
