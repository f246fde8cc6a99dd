#include "runtime/training/schedule.hpp"

#include <cmath>

namespace understudy {
namespace {

// Ten updates an epoch, a hundred in all.
double rate(const ScheduleConfig& schedule, std::int64_t update) {
  return learning_rate(schedule, 0.4,
                       {.update = update, .updates_total = 100, .updates_per_epoch = 10});
}

TEST(Schedule, ConstantStays) {
  EXPECT_DOUBLE_EQ(rate(ConstantSchedule{}, 0), 0.4);
  EXPECT_DOUBLE_EQ(rate(ConstantSchedule{}, 99), 0.4);
}

TEST(Schedule, StepFallsAtWholeMultiplesOfEpochs) {
  const StepSchedule step{.every_epochs = 2, .gamma = 0.5};
  EXPECT_DOUBLE_EQ(rate(step, 0), 0.4);
  EXPECT_DOUBLE_EQ(rate(step, 19), 0.4);
  EXPECT_DOUBLE_EQ(rate(step, 20), 0.2);
  EXPECT_DOUBLE_EQ(rate(step, 99), 0.4 / 16);
}

TEST(Schedule, StepTakesFractionsOfAnEpoch) {
  const StepSchedule step{.every_epochs = 0.3, .gamma = 0.1};
  EXPECT_DOUBLE_EQ(rate(step, 2), 0.4);
  for (int k = 1; k < 30; ++k)
    EXPECT_NEAR(rate(step, 3 * k) / (0.4 * std::pow(0.1, k)), 1, 1e-12) << k;
}

TEST(Schedule, CosineFollowsHalfAWave) {
  const CosineSchedule cosine{.final_fraction = 0.1};
  EXPECT_DOUBLE_EQ(rate(cosine, 0), 0.4);
  EXPECT_NEAR(rate(cosine, 50), 0.4 * 0.55, 1e-12);  // half way: the mean of 1 and 0.1
  EXPECT_NEAR(rate(cosine, 25), 0.4 * (0.1 + 0.9 * (2 + std::sqrt(2)) / 4), 1e-12);
  EXPECT_NEAR(rate(cosine, 100), 0.04, 1e-12);
  EXPECT_NEAR(rate(cosine, 150), 0.04, 1e-12);
}

TEST(Schedule, WarmupRisesLinearlyThenStays) {
  const WarmupSchedule warmup{.updates = 20, .start_fraction = 0.5};
  EXPECT_DOUBLE_EQ(rate(warmup, 0), 0.2);
  EXPECT_NEAR(rate(warmup, 10), 0.3, 1e-12);
  EXPECT_DOUBLE_EQ(rate(warmup, 20), 0.4);
  EXPECT_DOUBLE_EQ(rate(warmup, 99), 0.4);
}

TEST(Schedule, ScalesWithTheWorld) {
  EXPECT_DOUBLE_EQ(scaled_learning_rate(LrScaling::kNone, 0.1, 16), 0.1);
  EXPECT_DOUBLE_EQ(scaled_learning_rate(LrScaling::kLinear, 0.1, 16), 1.6);
  EXPECT_DOUBLE_EQ(scaled_learning_rate(LrScaling::kSqrt, 0.1, 16), 0.4);
}

}  // namespace
}  // namespace understudy
