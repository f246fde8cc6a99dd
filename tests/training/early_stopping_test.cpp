#include "runtime/training/early_stopping.hpp"

#include <cmath>
#include <vector>

namespace understudy {
namespace {

// The number of losses taken until it ends; 0 where it never does.
std::size_t ends_after(const EarlyStoppingConfig& config, const std::vector<double>& losses) {
  EarlyStopping stopping(config);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    stopping.take(losses[i]);
    if (stopping.ended()) return i + 1;
  }
  return 0;
}

TEST(EarlyStopping, EndsAfterAsManyLossesInVain) {
  EXPECT_EQ(ends_after({.patience = 2}, {3, 2, 2.5, 1, 1, 1.5, 0}), 6u);
  EXPECT_EQ(ends_after({.patience = 1}, {3, 2, 1, 0}), 0u);
  EXPECT_EQ(ends_after({.patience = 3}, {1, 2, 2, 0.5, 2, 2, 2}), 7u);
}

TEST(EarlyStopping, LessByNoMoreThanTheLeastDifferenceIsInVain) {
  EXPECT_EQ(ends_after({.patience = 2, .min_delta = 0.5}, {3, 2.75, 2.5}), 3u);
  EXPECT_EQ(ends_after({.patience = 2, .min_delta = 0.25}, {3, 2.75, 2.5}), 0u);
}

TEST(EarlyStopping, WhatIsNoNumberIsInVain) {
  EXPECT_EQ(ends_after({.patience = 2}, {std::nan(""), std::nan("")}), 2u);
}

TEST(EarlyStopping, WithoutAConfigurationNeverEndsButKnowsTheLeast) {
  EarlyStopping stopping;
  EXPECT_TRUE(stopping.take(2));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(stopping.take(2));
  EXPECT_FALSE(stopping.ended());
  EXPECT_EQ(stopping.state().least, 2);
}

TEST(EarlyStopping, GoesOnFromACheckpoint) {
  EarlyStopping whole(EarlyStoppingConfig{.patience = 3});
  whole.take(1);
  whole.take(2);
  EarlyStopping resumed(EarlyStoppingConfig{.patience = 3});
  resumed.restore(whole.state());
  resumed.take(2);
  EXPECT_FALSE(resumed.ended());
  resumed.take(1);
  EXPECT_TRUE(resumed.ended());
}

}  // namespace
}  // namespace understudy
