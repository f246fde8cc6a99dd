// What scores are chosen by, and how they spread.
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/workloads/federation.hpp"
#include "runtime/workloads/mixtures.hpp"

namespace understudy {
namespace {

TEST(Mixtures, AreChosenByValidationAlone) {
  MixtureScores scores;
  scores.test_accuracy[9] = 1;
  scores.validation_accuracy[3] = 0.7;
  EXPECT_EQ(scores.chosen(), 3u);
  EXPECT_EQ(scores.oracle(), 9u);
  // Whatever the test samples say, the choice stays.
  scores.test_accuracy.fill(0.5);
  EXPECT_EQ(scores.chosen(), 3u);
}

TEST(Mixtures, OfEqualAccuracyAreChosenByLoss) {
  MixtureScores scores;
  scores.validation_accuracy.fill(0.9);
  scores.validation_loss.fill(0.4);
  EXPECT_EQ(scores.chosen(), 0u);
  scores.validation_loss[6] = scores.validation_loss[7] = 0.3;
  EXPECT_EQ(scores.chosen(), 6u);
}

TEST(Mixtures, HaveHalfAmongThem) {
  EXPECT_EQ(MixtureScores::share(0), 0);
  EXPECT_EQ(MixtureScores::share(MixtureScores::kHalf), 0.5);
  EXPECT_EQ(MixtureScores::share(MixtureScores::kShares - 1), 1);
}

// Mean 0.5, deviation sqrt((0.25 + 0 + 0.25) / 3); Jain's index 1.5^2 / (3 x (0 + 0.25 + 1)).
TEST(Spread, IsMeanDeviationWorstDecileAndFairness) {
  const Spread spread = spread_of({1, 0, 0.5});
  EXPECT_DOUBLE_EQ(spread.mean, 0.5);
  EXPECT_DOUBLE_EQ(spread.deviation, std::sqrt(0.5 / 3));
  EXPECT_DOUBLE_EQ(spread.worst_decile, 0);
  EXPECT_DOUBLE_EQ(spread.fairness, 2.25 / 3.75);
}

// One where all are equal, 1/n where one has all.
TEST(Spread, FairnessGoesFromOneOfManyToAll) {
  EXPECT_DOUBLE_EQ(spread_of({0.3, 0.3, 0.3, 0.3}).fairness, 1);
  EXPECT_DOUBLE_EQ(spread_of({0, 0, 0.8, 0}).fairness, 0.25);
  EXPECT_DOUBLE_EQ(spread_of({0, 0}).fairness, 1);
}

}  // namespace
}  // namespace understudy
