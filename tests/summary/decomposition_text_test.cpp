// Where the accuracy goes, in words.
#include <limits>

#include "results/summary/decomposition.hpp"

namespace understudy {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Estimate points(double mean, double half_width) { return {mean / 100, half_width / 100, 3}; }

// 4 workers lost 7 points.
Decomposition lost_7() {
  Decomposition d;
  d.workers = 4;
  d.updates = 20;
  d.one = points(97, 0.5);
  d.many = points(90, 0.5);
  d.loss = points(7, 1.5);
  return d;
}

TEST(DecompositionText, NamesEveryPart) {
  Decomposition d = lost_7();
  d.updates_lost = points(4, 1);
  d.learning_rate = points(2, 0.5);
  d.batch = points(1, 0.2);
  d.communication = points(0, 0);
  EXPECT_EQ(sentence(d),
            "Of the 7.0 ± 1.5 points lost from 1 to 4 workers, 4.0 ± 1.0 go to fewer updates, "
            "2.0 ± 0.5 to the learning rate left unscaled, 1.0 ± 0.2 to the larger global batch, "
            "and 0.0 ± 0.0 to communication.");
}

TEST(DecompositionText, SaysWhereTheWeightsAreTheSame) {
  Decomposition d = lost_7();
  d.on_gpus = true;
  d.updates_and_rate = points(7, 1.5);
  d.communication = points(-0.0, 0);
  d.same_weights = d.weights_compared = true;
  EXPECT_EQ(sentence(d),
            "Of the 7.0 ± 1.5 points lost from 1 to 4 GPUs, 7.0 ± 1.5 go to fewer updates at a "
            "learning rate left unscaled and 0.0 ± 0.0 to communication (the weights are the same "
            "to the bit).");
}

// Negative parts come last, as what they are.
TEST(DecompositionText, WhatIsNegativeGivesBack) {
  Decomposition d = lost_7();
  d.updates_lost = points(9, 1);
  d.learning_rate = points(-1.5, 0.5);
  d.batch = points(-0.5, 0.26);
  EXPECT_EQ(
      sentence(d),
      "Of the 7.0 ± 1.5 points lost from 1 to 4 workers, 9.0 ± 1.0 go to fewer updates, "
      "1.5 ± 0.5 come back with the learning rate left unscaled, and 0.5 ± 0.3 come back with "
      "the larger global batch.");
}

// 0.04 points are shown as 0.0, and nothing is no gift.
TEST(DecompositionText, LessThanIsShownIsNotGivenBack) {
  Decomposition d = lost_7();
  d.batch_and_updates = points(-0.04, 0);
  EXPECT_EQ(sentence(d),
            "Of the 7.0 ± 1.5 points lost from 1 to 4 workers, 0.0 ± 0.0 go to the larger global "
            "batch and fewer updates.");
}

TEST(DecompositionText, OneRepeatHasNoInterval) {
  Decomposition d = lost_7();
  d.loss.half_width = kNaN;
  d.updates_lost = Estimate{0.08, kNaN, 1};
  d.learning_rate = Estimate{-0.01, kNaN, 1};
  EXPECT_EQ(sentence(d),
            "Of the 7.0 points lost from 1 to 4 workers, 8.0 go to fewer updates and 1.0 come back "
            "with the learning rate left unscaled (one repeat, so no interval is known).");
}

TEST(DecompositionText, AGainIsNoLoss) {
  Decomposition d = lost_7();
  d.loss = points(-0.2, 0.1);
  d.batch = points(0.3, 0.1);
  d.updates_lost = points(-0.5, 0.1);
  EXPECT_EQ(sentence(d),
            "From 1 to 4 workers the accuracy rises by 0.2 ± 0.1 points: "
            "0.3 ± 0.1 go to the larger global batch and 0.5 ± 0.1 come back with fewer updates.");
}

TEST(DecompositionText, WithoutPartsThereIsTheLoss) {
  EXPECT_EQ(sentence(lost_7()), "From 1 to 4 workers the accuracy falls by 7.0 ± 1.5 points.");
}

TEST(DecompositionText, AddsWhatElseIsKnown) {
  Decomposition d = lost_7();
  d.split_batch = points(0.5, 0.2);
  d.curve = points(91.26, 1);
  EXPECT_EQ(sentence(d),
            "From 1 to 4 workers the accuracy falls by 7.0 ± 1.5 points; with the global batch "
            "kept, 4 workers lose 0.5 ± 0.2; the one-worker curve at the same 20 updates reads "
            "91.3 %, 4 workers reach 90.0 %.");
}

}  // namespace
}  // namespace understudy
