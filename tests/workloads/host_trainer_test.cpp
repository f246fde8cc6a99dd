// Training a shard with the boards' arithmetic: its gradient and its order of steps.
#include "runtime/workloads/host_trainer.hpp"

#include <cmath>

#include "firmware/kernel.h"
#include "runtime/base/random.hpp"
#include "tests/workloads/shards.hpp"

namespace understudy {
namespace {

LabelledSamples samples(std::size_t count, std::size_t features, std::uint64_t seed = 1) {
  RandomStream random({.seed = seed, .purpose = Purpose::kTest});
  LabelledSamples out;
  out.features = features;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t f = 0; f < features; ++f)
      out.values.push_back(static_cast<float>(random.normal()));
    out.labels.push_back(static_cast<std::uint8_t>(random.below(2)));
  }
  return out;
}

// In double, by the library's exp.
double loss(const LabelledSamples& s, const std::vector<double>& w, double l2) {
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    double z = w[s.features];
    for (std::size_t f = 0; f < s.features; ++f) z += w[f] * s.row(i)[f];
    sum += std::log1p(std::exp(s.labels[i] == 1 ? -z : z));
  }
  for (std::size_t f = 0; f < s.features; ++f) squares += w[f] * w[f];
  return sum / static_cast<double>(s.size()) + l2 / 2 * squares;
}

// One step of rate 1 over the whole shard goes down the gradient, which is that of the loss.
TEST(HostTrainer, StepsAlongTheGradientByFiniteDifferences) {
  const LabelledSamples shard = samples(50, 6);
  const std::vector<float> start{0.3f, -0.7f, 0.1f, 1.2f, 0, -0.4f, 0.25f};
  for (const float l2 : {0.0f, 0.125f}) {
    const auto end = train_on_shard(shard, {.epochs = 1, .batch = 50, .rate = 1, .l2 = l2}, start);
    for (std::size_t f = 0; f < start.size(); ++f) {
      constexpr double h = 1e-5;
      std::vector<double> up(start.begin(), start.end()), down = up;
      up[f] += h, down[f] -= h;
      const double slope = (loss(shard, up, l2) - loss(shard, down, l2)) / (2 * h);
      EXPECT_NEAR(start[f] - end[f], slope, 2e-6) << f;
    }
  }
}

// One feature, x = 1 and y = 1, from weights of zero: p = 1/2, both gradients -1/2.
TEST(HostTrainer, OneSampleByHand) {
  const LabelledSamples one{1, {1}, {1}};
  EXPECT_THAT(train_on_shard(one, {.epochs = 1, .batch = 1, .rate = 0.5f}, {0, 0}),
              testing::ElementsAre(0.25f, 0.25f));
  // Gathered over four epochs, then one step: four times that.
  EXPECT_THAT(
      train_on_shard(
          one, {.epochs = 4, .batch = 1, .rate = 0.5f, .update = UpdateRule::kAfterEpochs}, {0, 0}),
      testing::ElementsAre(1, 1));
}

// An epoch in batches of two is two epochs over one batch each: steps come in the order of samples.
TEST(HostTrainer, BatchesAreConsecutiveAndTheLastMayBeShort) {
  const LabelledSamples shard = samples(3, 2);
  const ShardTraining training{.epochs = 1, .batch = 2, .rate = 0.3f, .l2 = 0.01f};
  const std::vector<std::uint32_t> first{0, 1}, last{2};
  const std::vector<float> start{0.1f, 0.2f, 0.3f};
  const auto middle = train_on_shard(select(shard, first), training, start);
  EXPECT_EQ(train_on_shard(shard, training, start),
            train_on_shard(select(shard, last), training, middle));
}

TEST(HostTrainer, LargerBatchesThanTheShardAreTheShard) {
  const LabelledSamples shard = samples(10, 3);
  const std::vector<float> start(4, 0.0f);
  EXPECT_EQ(train_on_shard(shard, {.epochs = 3, .batch = 10, .rate = 0.3f}, start),
            train_on_shard(shard, {.epochs = 3, .batch = 65535, .rate = 0.3f}, start));
}

}  // namespace
}  // namespace understudy
