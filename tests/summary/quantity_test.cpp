// Numbers as people read them: three digits, a unit that fits, an interval where it tells
// something.
#include "results/summary/quantity.hpp"

#include <limits>

namespace understudy {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(Quantity, SecondsHaveThreeDigitsAndAUnitThatFits) {
  EXPECT_EQ(format_seconds(1.25), "1.25 s");
  EXPECT_EQ(format_seconds(12.34), "12.3 s");
  EXPECT_EQ(format_seconds(3725.4), "3725 s");
  EXPECT_EQ(format_seconds(0.31), "310 ms");
  EXPECT_EQ(format_seconds(1.5e-6), "1.50 us");
  EXPECT_EQ(format_seconds(20e-9), "20.0 ns");
  EXPECT_EQ(format_seconds(5e-10), "0.50 ns");  // there is no smaller unit
  EXPECT_EQ(format_seconds(0), "0 s");
  EXPECT_EQ(format_seconds(kNaN), "not a number");
}

TEST(Quantity, RatesAreInBytes) {
  EXPECT_EQ(format_rate(1.25e9), "1.25 GB/s");
  EXPECT_EQ(format_rate(125e6), "125 MB/s");
  EXPECT_EQ(format_rate(9.5e3), "9.50 kB/s");
  EXPECT_EQ(format_rate(512), "512 B/s");
  EXPECT_EQ(format_rate(2e12), "2000 GB/s");
}

TEST(Quantity, AnIntervalIsShownFromHalfAPercent) {
  EXPECT_EQ(format_seconds({2, 0.1, 3}), "2.00 ± 0.10 s");
  EXPECT_EQ(format_seconds({2, 0.009, 3}), "2.00 s");
  EXPECT_EQ(format_seconds({0.5, 0.02, 3}), "500 ± 20.0 ms");  // in the unit of the mean
  EXPECT_EQ(format_seconds({2, kNaN, 1}), "2.00 s");
  EXPECT_EQ(format_rate({3e6, 1.5e6, 2}), "3.00 ± 1.50 MB/s");
}

TEST(Quantity, PercentsHaveOneDecimal) {
  EXPECT_EQ(format_percent({0.941, 0.004, 3}), "94.1 ± 0.4");
  EXPECT_EQ(format_percent({0.5, 0, 2}), "50.0 ± 0.0");
  EXPECT_EQ(format_percent({0.941, kNaN, 1}), "94.1");
  EXPECT_EQ(format_percent({kNaN, kNaN, 1}), "not a number");
}

// What diverged reads the same whatever the sign of the NaN, and whether it is one or infinite.
TEST(Quantity, NumbersHaveSixDigits) {
  EXPECT_EQ(format_number({0.90909090909, kNaN, 1}), "0.909091");
  EXPECT_EQ(format_number({-2, 0, 2}), "-2");
  for (const double diverged : {kNaN, -kNaN, std::numeric_limits<double>::infinity()})
    EXPECT_EQ(format_number({diverged, kNaN, 1}), "not a number");
}

}  // namespace
}  // namespace understudy
