// What boards compute, against closed forms and against the same model in double precision.
#include "runtime/board/host_training.hpp"

#include <gtest/gtest.h>

#include "runtime/base/errors.hpp"
#include "tests/board/samples.hpp"

namespace understudy {
namespace {

// From weights of zero p is 1/2: a sample (x, y) moves them by -rate (1/2 - y) (x, 1), exactly where
// all of these are sums of few powers of two.
TEST(HostTraining, OneStepFromZeroIsHalfOfTheSample) {
  const std::vector<float> x{1.5f, -2, 0.25f};
  const std::vector<std::uint8_t> labels{1};
  const Shard shard = make_shard(x, labels, {.features = 3});
  EXPECT_EQ(train_on_host(shard, {.rate = 0.5f}, std::vector<float>(4)),
            (std::vector<float>{0.375f, -0.5f, 0.0625f, 0.25f}));
}

// Before the one step the weights stand still, so each of E epochs of B equal batches adds the same
// gradient: the step is E B times as long.
TEST(HostTraining, AfterEpochsStepsOnceAlongTheSum) {
  const std::vector<float> x{1, 1, 1, 1};
  const std::vector<std::uint8_t> labels{0, 0, 0, 0};
  const Shard shard = make_shard(x, labels, {.features = 1});
  const BoardTraining training{
      .epochs = 4, .batch = 2, .rate = 0.25f, .update = protocol::kAfterEpochs};
  EXPECT_EQ(train_on_host(shard, training, {0, 0}), (std::vector<float>{-1, -1}));  // 8/4 x -1/2
}

// The penalty alone: a sample of zero moves only the intercept, and the weight shrinks by rate x l2.
TEST(HostTraining, ThePenaltySparesTheIntercept) {
  const std::vector<float> x{0};
  const std::vector<std::uint8_t> labels{0};
  const Shard shard = make_shard(x, labels, {.features = 1});
  const auto weights = train_on_host(shard, {.rate = 0.5f, .l2 = 0.25f}, {2, 0});
  EXPECT_EQ(weights, (std::vector<float>{1.75f, -0.25f}));
}

std::vector<double> train_in_double(const std::vector<double>& x, const Shard& shard,
                                    const BoardTraining& training, std::vector<double> w) {
  const int n = shard.format.features;
  std::vector<double> total(w.size());
  for (int epoch = 0; epoch < training.epochs; ++epoch) {
    for (int first = 0; first < shard.samples(); first += training.batch) {
      const int end = std::min(first + training.batch, shard.samples());
      std::vector<double> mean(w.size());
      for (int i = first; i < end; ++i) {
        double z = w.back();
        for (int j = 0; j < n; ++j) z += w[j] * x[i * n + j];
        const int label = shard.bytes[(i + 1) * shard.format.sample_bytes() - 1];
        const double error = 1 / (1 + std::exp(-z)) - label;
        for (int j = 0; j < n; ++j) mean[j] += error * x[i * n + j] / (end - first);
        mean[n] += error / (end - first);
      }
      for (int j = 0; j < n; ++j) mean[j] += training.l2 * w[j];
      for (int j = 0; j <= n; ++j) total[j] += mean[j];
      if (training.update == protocol::kAfterEpochs) continue;
      for (int j = 0; j <= n; ++j) w[j] -= training.rate * std::exchange(total[j], 0);
    }
  }
  for (int j = 0; j <= n; ++j) w[j] -= training.rate * total[j];
  return w;
}

TEST(HostTraining, IsTheModelInDoublePrecisionUpToRounding) {
  for (const auto update : {protocol::kPerBatch, protocol::kAfterEpochs}) {
    const Shard shard = random_shard(6, 100, protocol::kInt8);
    std::vector<double> x;
    for (int i = 0; i < 100; ++i) {
      for (int j = 0; j < 6; ++j) {
        x.push_back(static_cast<std::int8_t>(shard.bytes[i * 7 + j]) *
                    static_cast<double>(shard.format.scale));
      }
    }
    // Rates at which the weights stay near 1: after_epochs adds up 5 x 7 batches.
    const float rate = update == protocol::kPerBatch ? 0.5f : 0.05f;
    const BoardTraining training{
        .epochs = 5, .batch = 16, .rate = rate, .l2 = 0.01f, .update = update};
    const auto start = random_weights(6);
    const auto expected = train_in_double(x, shard, training, {start.begin(), start.end()});
    const auto weights = train_on_host(shard, training, start);
    for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_NEAR(weights[i], expected[i], 1e-5);
  }
}

TEST(Shard, RoundsToTheNearestAndStaysInRange) {
  const std::vector<float> x{0.24f, -0.26f, 1000, -1000};
  const std::vector<std::uint8_t> labels{1, 0};
  const ShardFormat format{.features = 2, .element = protocol::kInt8, .scale = 0.5f};
  const Shard shard = make_shard(x, labels, format);
  EXPECT_EQ(shard.bytes, (std::vector<std::uint8_t>{0, 0xff, 1, 127, 0x80, 0}));
  EXPECT_EQ(shard.samples(), 2);
}

TEST(Shard, FittingScaleUsesTheWholeRange) {
  const std::vector<float> x{-254, 127};
  EXPECT_EQ(fitting_scale(x, protocol::kInt8), 2);
  EXPECT_EQ(fitting_scale(x, protocol::kFloat32), 1);
}

TEST(Shard, TakesOnlyNumbersAndLabels) {
  const std::vector<float> nan{std::nanf("")};
  const std::vector<float> one{1};
  const std::vector<std::uint8_t> label{1}, no_label{2};
  EXPECT_THROW(make_shard(nan, label, {}), DataError);
  EXPECT_THROW(make_shard(one, no_label, {}), DataError);
  EXPECT_THROW(make_shard(one, label, {.scale = 0}), DataError);
}

}  // namespace
}  // namespace understudy
