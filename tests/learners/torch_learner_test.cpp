#include "runtime/learners/torch/torch_learner.hpp"

#include <cmath>
#include <limits>
#include <thread>

#include "tests/learners/batches.hpp"

namespace understudy {
namespace {

RandomStream stream(std::uint64_t seed = 1) {
  return RandomStream({.seed = seed, .purpose = Purpose::kDropout});
}

template <class Scalar>
std::vector<Scalar> gradient_of(const BasicLearner<Scalar>& learner,
                                const std::vector<Scalar>& parameters, const Batch& batch,
                                std::uint64_t seed = 1) {
  std::vector<Scalar> gradient(parameters.size(), Scalar{99});
  learner.gradient(parameters, batch, gradient, stream(seed), {});
  return gradient;
}

template <class Scalar>
double loss_of(const BasicLearner<Scalar>& learner, const std::vector<Scalar>& parameters,
               const Batch& batch, std::uint64_t seed = 1) {
  std::vector<Scalar> gradient(parameters.size());
  return learner.gradient(parameters, batch, gradient, stream(seed), {});
}

class EveryModel : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Models, EveryModel, testing::ValuesIn(quick_names()));

// Central differences in fp64: the error is O(h^2) plus rounding, some 1e-15/h, so 1e-8 at h =
// 1e-7. The models have 2e5 kinks of ReLU and pooling, of which one lies within h only by rare
// chance, which the fixed seed settles.
TEST_P(EveryModel, GradientMatchesFiniteDifferences) {
  const Model model = quick_model(GetParam(), 0.25);
  const auto learner = make_torch_learner_double(model);
  auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(model, 3);
  const auto gradient = gradient_of(*learner, parameters, batch);
  constexpr double kStep = 1e-7;
  for (const Slice& slice : learner->layout().slices) {
    for (const std::size_t at :
         {slice.offset, slice.offset + slice.size / 2, slice.offset + slice.size - 1}) {
      const double kept = parameters[at];
      parameters[at] = kept + kStep;
      const double above = loss_of(*learner, parameters, batch);
      parameters[at] = kept - kStep;
      const double below = loss_of(*learner, parameters, batch);
      parameters[at] = kept;
      EXPECT_NEAR(gradient[at], (above - below) / (2 * kStep), 1e-7) << slice.name << " " << at;
    }
  }
}

// |whole - weighted sum of parts| / |whole| for each slice, the largest.
template <class Scalar>
double joined_error(const BasicLearner<Scalar>& learner, const Model& model) {
  const auto parameters = initial_parameters(learner);
  const Batch whole = random_batch(model, 45);
  const auto joined = gradient_of(learner, parameters, whole);
  std::vector<double> sum(joined.size());
  std::size_t first = 0;
  for (const std::size_t count : {16, 16, 8, 5}) {
    const auto part = gradient_of(learner, parameters, part_of(whole, first, count));
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += static_cast<double>(part[i]) * static_cast<double>(count) / 45;
    first += count;
  }
  double worst = 0;
  for (const Slice& slice : learner.layout().slices) {
    double difference = 0;
    double norm = 0;
    for (std::size_t i = slice.offset; i < slice.offset + slice.size; ++i) {
      difference += std::pow(sum[i] - static_cast<double>(joined[i]), 2);
      norm += std::pow(static_cast<double>(joined[i]), 2);
    }
    worst = std::max(worst, std::sqrt(difference / norm));
  }
  return worst;
}

TEST_P(EveryModel, GradientOfAJoinedBatchIsTheWeightedSumOfItsParts) {
  const Model model = quick_model(GetParam(), 0);
  EXPECT_LT(joined_error(*make_torch_learner(model), model), 2e-5);
  EXPECT_LT(joined_error(*make_torch_learner_double(model), model), 1e-13);
}

TEST_P(EveryModel, HookSeesFinishedSlicesFromTheLastToTheFirst) {
  const Model model = quick_model(GetParam(), 0.25);
  const auto learner = make_torch_learner(model);
  const auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(model, 8);
  const auto expected = gradient_of(*learner, parameters, batch);
  constexpr float kUntouched = 99;
  std::vector<float> gradient(parameters.size(), kUntouched);
  const auto& slices = learner->layout().slices;
  std::size_t next = slices.size();
  learner->gradient(parameters, batch, gradient, stream(), [&](std::size_t slice) {
    ASSERT_EQ(slice, --next);
    const auto begin = static_cast<std::ptrdiff_t>(slices[slice].offset);
    const auto end = begin + static_cast<std::ptrdiff_t>(slices[slice].size);
    EXPECT_TRUE(
        std::equal(gradient.begin() + begin, gradient.begin() + end, expected.begin() + begin));
    const auto layer = [&](std::size_t s) {
      return slices[s].name.substr(0, slices[s].name.find('.'));
    };
    std::size_t earlier = slice;
    while (earlier > 0 && layer(earlier) == layer(slice)) --earlier;
    EXPECT_TRUE(layer(earlier) == layer(slice) || gradient[slices[earlier].offset] == kUntouched)
        << slice;
  });
  EXPECT_EQ(next, 0);
  EXPECT_EQ(gradient, expected);
}

TEST_P(EveryModel, ThreadsGiveTheSameBits) {
  const Model model = quick_model(GetParam(), 0.25);
  const auto learner = make_torch_learner(model);
  const auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(model, 32);
  const auto expected = gradient_of(*learner, parameters, batch);
  std::vector<std::vector<float>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) result = gradient_of(*learner, parameters, batch);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, expected);
}

// Where the caller's vectors lie must not matter: views at odd offsets give the same bits.
TEST_P(EveryModel, AlignmentDoesNotChangeBits) {
  const Model model = quick_model(GetParam(), 0);
  const auto learner = make_torch_learner(model);
  const auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(model, 16);
  const auto expected = gradient_of(*learner, parameters, batch);
  std::vector<float> shifted(parameters.size() + 1);
  std::copy(parameters.begin(), parameters.end(), shifted.begin() + 1);
  std::vector<float> gradient(parameters.size() + 1);
  const auto out = std::span(gradient).subspan(1);
  learner->gradient(std::span<const float>(shifted).subspan(1), batch, out, stream(), {});
  EXPECT_TRUE(std::equal(out.begin(), out.end(), expected.begin()));
}

// d CE / d logits = (softmax - [label]) / count.
std::vector<double> cross_entropy_gradient(std::span<const double> logits, const Batch& batch) {
  const std::size_t classes = logits.size() / batch.count;
  std::vector<double> result(logits.size());
  for (std::size_t i = 0; i < batch.count; ++i) {
    double total = 0;
    for (std::size_t c = 0; c < classes; ++c) total += std::exp(logits[i * classes + c]);
    for (std::size_t c = 0; c < classes; ++c) {
      const bool right = batch.labels[i] == static_cast<std::int64_t>(c);
      const double softmax = std::exp(logits[i * classes + c]) / total;
      result[i * classes + c] = (softmax - (right ? 1 : 0)) / static_cast<double>(batch.count);
    }
  }
  return result;
}

TEST_P(EveryModel, WaysForwardAndBackMakeTheGradient) {
  const Model model = quick_model(GetParam(), 0.25);
  const auto learner = make_torch_learner_double(model);
  const auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(model, 5);
  const auto pass = learner->forward(parameters, batch, stream());
  std::vector<double> gradient(parameters.size(), 99.0);
  std::size_t hooked = 0;
  pass->backward(cross_entropy_gradient(pass->logits(), batch), gradient,
                 [&](std::size_t) { ++hooked; });
  EXPECT_EQ(hooked, learner->layout().slices.size());
  const auto expected = gradient_of(*learner, parameters, batch);
  for (std::size_t i = 0; i < gradient.size(); ++i) ASSERT_NEAR(gradient[i], expected[i], 1e-12);
}

TEST_P(EveryModel, LogitsAreThoseOfEvaluation) {
  const Model model = quick_model(GetParam(), 0.25);
  const auto learner = make_torch_learner_double(model);
  const auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(model, 7);
  std::vector<double> logits(7 * static_cast<std::size_t>(class_count(model)));
  learner->logits(parameters, batch, logits);
  const auto without_dropout = make_torch_learner_double(quick_model(GetParam(), 0));
  const auto pass = without_dropout->forward(parameters, batch, stream());
  EXPECT_TRUE(std::ranges::equal(logits, pass->logits()));
}

TEST_P(EveryModel, EvaluatesAnyRangeAsTheMeanOverItsSamples) {
  const Model model = quick_model(GetParam(), 0);
  const auto learner = make_torch_learner_double(model);
  const auto parameters = initial_parameters(*learner);
  const Batch all = random_batch(model, 250);
  const BatchAsSource source(all);
  const Evaluation whole = learner->evaluate(parameters, source, 0, 250);
  const Evaluation front = learner->evaluate(parameters, source, 0, 103);
  const Evaluation back = learner->evaluate(parameters, source, 103, 147);
  EXPECT_EQ(whole.samples, 250);
  EXPECT_NEAR(whole.loss, loss_of(*learner, parameters, all), 1e-12);
  EXPECT_NEAR(whole.loss * 250, front.loss * 103 + back.loss * 147, 1e-10);
  EXPECT_NEAR(whole.accuracy * 250, front.accuracy * 103 + back.accuracy * 147, 1e-10);
}

TEST(TorchLearner, AccuracyCountsTheLargestLogit) {
  // Zero weights: the logits are the biases, so that class 3 is always predicted.
  const Model model = make_model("logistic", 0);
  const auto learner = make_torch_learner(model);
  std::vector<float> parameters(learner->layout().size, 0.0f);
  parameters[7840 + 3] = 1;
  Batch batch = random_batch(model, 8);
  batch.labels = {3, 3, 1, 3, 0, 3, 2, 3};
  const Evaluation result = learner->evaluate(parameters, BatchAsSource(batch), 0, 8);
  EXPECT_EQ(result.accuracy, 5.0 / 8);
  // log(e + 9) - [label is 3]
  EXPECT_NEAR(result.loss, std::log(std::exp(1.0) + 9) - 5.0 / 8, 1e-6);
}

TEST(TorchLearner, DropoutFollowsItsStream) {
  const Model model = make_model("lenet", 0.5);
  const auto learner = make_torch_learner(model);
  const auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(model, 16);
  EXPECT_EQ(gradient_of(*learner, parameters, batch, 1),
            gradient_of(*learner, parameters, batch, 1));
  EXPECT_NE(gradient_of(*learner, parameters, batch, 1),
            gradient_of(*learner, parameters, batch, 2));
}

// logits = W dropout(x) + b with W = 1/784 for class 0, b = 0, x = 1: the logit is the share kept,
// scaled to mean 1, with variance p/(1-p)/784 over samples; its gradient shows in the loss.
TEST(TorchLearner, DropoutKeepsTheMean) {
  const Model model{"dropout only", {1, 28, 28}, {Flatten{}, Dropout{0.25}, Linear{"fc", 784, 2}}};
  const auto learner = make_torch_learner_double(model);
  std::vector<double> parameters(learner->layout().size);
  for (int i = 0; i < 784; ++i) parameters[static_cast<std::size_t>(i)] = 1.0 / 784;
  Batch batch{.count = 500,
              .inputs = std::vector<float>(500 * 784, 1.0f),
              .labels = std::vector<std::int64_t>(500)};
  std::vector<double> gradient(parameters.size());
  learner->gradient(parameters, batch, gradient, stream(), {});
  // d loss / d W_1 = mean of softmax_1 x mask / (1 - p); softmax_1 of logits (1, 0) is 1 / (1 + e).
  double mean = 0;
  for (int i = 784; i < 2 * 784; ++i) mean += gradient[static_cast<std::size_t>(i)] / 784;
  EXPECT_NEAR(mean, 1 / (1 + std::exp(1.0)), 2e-3);
}

TEST(TorchLearner, DivergenceShows) {
  for (const std::string name : {"cnn", "lenet", "two_nn", "vgg11", "resnet9"}) {
    const Model model = make_model(name, 0, least_images(name));
    const auto learner = make_torch_learner(model);
    auto parameters = initial_parameters(*learner);
    parameters[0] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(std::isnan(loss_of(*learner, parameters, random_batch(model, 4)))) << name;
  }
}

}  // namespace
}  // namespace understudy
