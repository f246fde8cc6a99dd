#include "runtime/learners/calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace understudy {
namespace {

// Ten at confidence 0.95, of which eight are right: off by 0.15. Five at 0.5, of which four are: off by
// 0.3. Weighted by samples (10 x 0.15 + 5 x 0.3) / 15.
TEST(Calibration, IsTheGapBetweenConfidenceAndAccuracy) {
  Calibration c;
  for (int i = 0; i < 10; ++i) c.add(0.95, i < 8);
  for (int i = 0; i < 5; ++i) c.add(0.5, i < 4);
  EXPECT_NEAR(c.expected_error(), (10 * 0.15 + 5 * 0.3) / 15, 1e-12);
  EXPECT_NEAR(c.maximum_error(), 0.3, 1e-12);
}

// Within a bin the gaps of single samples cancel: mean confidence 0.9, nine of ten right.
TEST(Calibration, IsZeroWhereConfidenceIsHowOftenItIsRight) {
  Calibration c;
  for (int i = 0; i < 10; ++i) c.add(i % 2 == 0 ? 0.88 : 0.92, i != 3);
  EXPECT_NEAR(c.expected_error(), 0, 1e-12);
  EXPECT_NEAR(c.maximum_error(), 0, 1e-12);
}

// 0.2 is the upper end of bin (2/15, 3/15], 0.201 falls into the next; 0 and 1 into the outermost.
TEST(Calibration, BinsAreClosedAbove) {
  Calibration together, apart;
  together.add(0.2, false);
  together.add(0.19, true);
  apart.add(0.201, false);
  apart.add(0.19, true);
  EXPECT_NEAR(together.maximum_error(), (1 - 0.39) / 2, 1e-12);
  EXPECT_NEAR(apart.maximum_error(), 1 - 0.19, 1e-12);
  Calibration ends;
  ends.add(0, false);
  ends.add(1, true);
  EXPECT_EQ(ends.expected_error(), 0);
}

TEST(Calibration, AddsUpInPieces) {
  Calibration whole, first, second;
  for (int i = 0; i < 100; ++i) {
    const double confidence = 0.1 + 0.009 * i;
    const bool correct = i % 3 != 0;
    whole.add(confidence, correct);
    (i < 40 ? first : second).add(confidence, correct);
  }
  first.add(second);
  EXPECT_NEAR(first.expected_error(), whole.expected_error(), 1e-12);
  EXPECT_NEAR(first.maximum_error(), whole.maximum_error(), 1e-12);
}

TEST(Calibration, OfNothingIsZero) {
  EXPECT_EQ(Calibration{}.expected_error(), 0);
  EXPECT_EQ(Calibration{}.maximum_error(), 0);
}

}  // namespace
}  // namespace understudy
