// Accuracy, log-loss, confusion and the area under the curve, by hand and by brute force.
#include "runtime/data/classification_metrics.hpp"

#include <cmath>
#include <vector>

#include "runtime/base/random.hpp"

namespace understudy {
namespace {

using Labels = std::vector<std::uint8_t>;

TEST(Confusion, CountsEachKind) {
  const ConfusionMatrix m = confusion(Labels{1, 1, 1, 0, 0, 1}, Labels{1, 0, 1, 0, 1, 1});
  EXPECT_EQ(m.true_positives, 3u);
  EXPECT_EQ(m.false_positives, 1u);
  EXPECT_EQ(m.true_negatives, 1u);
  EXPECT_EQ(m.false_negatives, 1u);
  EXPECT_DOUBLE_EQ(m.accuracy(), 4.0 / 6);
}

// P = 3/4, 1/2, 1/4: -ln of 3/4 for a 1, of 1/2 for a 0, and of 1 - 1/4 for a 0.
TEST(ClassificationMetrics, LogLossIsTheMeanOfMinusLnP) {
  const ClassificationMetrics m =
      classification_metrics(std::vector{std::log(3.0), 0.0, -std::log(3.0)}, Labels{1, 0, 0});
  EXPECT_NEAR(m.log_loss, -(2 * std::log(0.75) + std::log(0.5)) / 3, 1e-15);
  EXPECT_DOUBLE_EQ(m.confusion.accuracy(), 1);  // a tie predicts 0
  // Far out, -ln sigmoid(-z) = z.
  EXPECT_DOUBLE_EQ(classification_metrics(std::vector{-1000.0}, Labels{1}).log_loss, 1000);
  EXPECT_DOUBLE_EQ(classification_metrics(std::vector{1000.0}, Labels{1}).log_loss, 0);
}

TEST(AreaUnderRoc, EqualsEveryPairCompared) {
  RandomStream random({.seed = 5, .purpose = Purpose::kTest});
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<double> scores;
    Labels labels{0, 1};
    for (std::size_t i = 0; i < 40; ++i) {
      scores.push_back(static_cast<double>(random.below(12)));  // many ties
      if (i >= 2) labels.push_back(static_cast<std::uint8_t>(random.below(2)));
    }
    double won = 0, pairs = 0;
    for (std::size_t a = 0; a < 40; ++a) {
      for (std::size_t b = 0; b < 40; ++b) {
        if (labels[a] != 1 || labels[b] != 0) continue;
        pairs += 1;
        won += scores[a] > scores[b] ? 1 : scores[a] == scores[b] ? 0.5 : 0;
      }
    }
    EXPECT_NEAR(area_under_roc(scores, labels).value(), won / pairs, 1e-14);
  }
}

TEST(AreaUnderRoc, AtItsEnds) {
  const std::vector<double> scores{1, 2, 3, 4};
  EXPECT_EQ(area_under_roc(scores, Labels{0, 0, 1, 1}), 1);
  EXPECT_EQ(area_under_roc(scores, Labels{1, 1, 0, 0}), 0);
  EXPECT_EQ(area_under_roc(std::vector<double>(4, 7), Labels{0, 1, 0, 1}), 0.5);
  EXPECT_EQ(area_under_roc(scores, Labels{1, 1, 1, 1}), std::nullopt);
}

}  // namespace
}  // namespace understudy
