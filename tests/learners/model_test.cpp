#include "runtime/learners/model.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Model, ParameterCounts) {
  // Weights and biases layer by layer.
  EXPECT_EQ(make_layout(make_model("cnn", 0)).size,
            (9 * 32 + 32) + (32 * 9 * 64 + 64) + (9216 * 128 + 128) + (128 * 10 + 10));
  EXPECT_EQ(make_layout(make_model("cnn", 0)).size, 1'199'882);
  EXPECT_EQ(make_layout(make_model("lenet", 0)).size,
            (25 * 10 + 10) + (10 * 25 * 20 + 20) + (320 * 50 + 50) + (50 * 10 + 10));
  EXPECT_EQ(make_layout(make_model("lenet", 0.5)).size, 21'840);
  EXPECT_EQ(make_layout(make_model("logistic", 0)).size, 784 * 10 + 10);
}

// The counts that SuPerFed's authors give: no biases, 28 + 2 - 4 = 26 pooled to 14, 12 to 7.
TEST(Model, ParameterCountsWithoutBiases) {
  EXPECT_EQ(make_layout(make_model("two_nn", 0)).size,
            784 * 200 + 200 * 200 + 200 * 200 + 200 * 10);
  EXPECT_EQ(make_layout(make_model("two_nn", 0)).size, 238'800);
  EXPECT_EQ(make_layout(make_model("two_cnn", 0)).size,
            25 * 32 + 32 * 25 * 64 + 7 * 7 * 64 * 200 + 200 * 200 + 200 * 10);
  EXPECT_EQ(make_layout(make_model("two_cnn", 0)).size, 721'200);
  EXPECT_EQ(make_layout(make_model("two_cnn", 0, 3)).size, 722'800);
  for (const Slice& slice : make_layout(make_model("two_cnn", 0, 3)).slices)
    EXPECT_THAT(slice.name, testing::EndsWith(".weight"));
}

TEST(Model, ShapesWithPadding) {
  EXPECT_EQ(output_shape(Conv2d{"c", 3, 8, 5, 1}, {3, 28, 20}), (ActivationShape{8, 26, 18}));
  EXPECT_EQ(output_shape(MaxPool2d{2, 1}, {8, 26, 12}), (ActivationShape{8, 14, 7}));
  EXPECT_EQ(output_shape(MaxPool2d{3, 1}, {8, 26, 12}), (ActivationShape{8, 9, 4}));
}

TEST(Model, LayoutNamesSlicesAsATorchModuleDoes) {
  const Layout layout = make_layout(make_model("lenet", 0));
  std::vector<std::string> names;
  std::size_t end = 0;
  for (const Slice& slice : layout.slices) {
    names.push_back(slice.name);
    EXPECT_EQ(slice.offset, end);
    EXPECT_TRUE(slice.trainable);
    end += slice.size;
  }
  EXPECT_EQ(end, layout.size);
  EXPECT_THAT(names, ElementsAre("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias",
                                 "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"));
  EXPECT_THAT(layout.slices[2].shape, ElementsAre(20, 10, 5, 5));
  EXPECT_THAT(layout.slices[4].shape, ElementsAre(50, 320));
}

TEST(Model, EveryNameEndsInTenClasses) {
  for (const std::string& name : model_names())
    EXPECT_EQ(class_count(make_model(name, 0.1)), 10) << name;
}

TEST(Model, UnknownNamesGetTheNearest) {
  try {
    make_model("lenett", 0);
    FAIL();
  } catch (const ScenarioError& error) {
    EXPECT_THAT(error.what(), HasSubstr("there is no model 'lenett'; did you mean 'lenet'?"));
  }
}

TEST(Model, InitialValuesAreUniformWithinTheFanInBound) {
  const Model model = make_model("cnn", 0);
  const Layout layout = make_layout(model);
  std::vector<float> values(layout.size);
  initialise<float>(model, RandomStream({.seed = 5}), values);
  const double fan_in[] = {9, 9, 288, 288, 9216, 9216, 128, 128};
  for (std::size_t i = 0; i < layout.slices.size(); ++i) {
    const Slice& slice = layout.slices[i];
    const double bound = 1 / std::sqrt(fan_in[i]);
    double squares = 0;
    for (const float v : std::span(values).subspan(slice.offset, slice.size)) {
      ASSERT_LE(std::abs(v), bound * (1 + 1e-6)) << slice.name;
      squares += static_cast<double>(v) * v;
    }
    // The variance of a uniform is bound^2/3; the sample's deviates by bound^2 sqrt(4/45/n): five
    // of those.
    const double n = static_cast<double>(slice.size);
    EXPECT_NEAR(squares / n, bound * bound / 3, 5 * bound * bound * std::sqrt(4.0 / 45 / n))
        << slice.name;
  }
}

TEST(Model, InitialValuesDependOnTheStreamAlone) {
  const Model model = make_model("lenet", 0);
  std::vector<double> a(21'840), b(21'840), c(21'840);
  initialise<double>(model, RandomStream({.seed = 5}), a);
  initialise<double>(model, RandomStream({.seed = 5}), b);
  initialise<double>(model, RandomStream({.seed = 6}), c);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

// The second convolution of lenet, 10x12x12 -> 20x8x8 by 5x5, over 3 samples.
TEST(Cost, OfAConvolutionByHand) {
  const Model model{"conv only",
                    {10, 12, 12},
                    {Conv2d{"first", 10, 10, 1}, Conv2d{"conv", 10, 20, 5}, Flatten{}}};
  const Cost cost = training_cost(model, 3);
  const double outputs = 3 * 20 * 8 * 8, inputs = 3 * 10 * 12 * 12, weights = 20 * 10 * 5 * 5;
  // copy, two forward, loss; backward of the second: bias, weight, input; of the first: bias,
  // weight.
  ASSERT_EQ(cost.size(), 9);
  EXPECT_EQ(cost[2].phase, Phase::kForward);
  EXPECT_EQ(cost[2].flops, 2 * outputs * 250 + outputs);
  EXPECT_EQ(cost[2].bytes, 4 * (inputs + outputs + weights + 20));
  EXPECT_EQ(cost[4].flops, outputs);  // bias: a sum over everything else
  EXPECT_EQ(cost[4].bytes, 4 * (outputs + 20));
  EXPECT_EQ(cost[4].mark, 3);
  EXPECT_EQ(cost[5].flops, 2 * outputs * 250);
  EXPECT_EQ(cost[5].mark, 2);
  EXPECT_EQ(cost[6].flops, 2 * outputs * 250);
  EXPECT_EQ(cost[6].mark, std::nullopt);
  EXPECT_EQ(cost[8].mark, 0);
}

TEST(Cost, ALayerWithoutBiasAddsNone) {
  const Model model{"no bias",
                    {1, 2, 2},
                    {Flatten{}, Linear{"first", 4, 3, false}, Linear{"second", 3, 2, false}}};
  const Cost cost = training_cost(model, 5);
  // copy, two forward, loss; backward of the second: weight, input; of the first: weight.
  ASSERT_EQ(cost.size(), 7);
  EXPECT_EQ(cost[1].flops, 2 * 5 * 3 * 4);
  EXPECT_EQ(cost[1].bytes, 4 * (5 * 4 + 5 * 3 + 3 * 4));
  EXPECT_EQ(cost[4].mark, 1);
  EXPECT_EQ(cost[5].mark, std::nullopt);
  EXPECT_EQ(cost[6].mark, 0);
}

TEST(Cost, CopyMovesFloatsAndLabels) {
  const KernelCost copy = training_cost(make_model("logistic", 0), 64)[0];
  EXPECT_EQ(copy.phase, Phase::kCopy);
  EXPECT_EQ(copy.bytes, 64 * (784 * 4 + 8));
  EXPECT_EQ(copy.samples, 64);
}

TEST(Cost, BackwardMarksEverySliceOnceFromTheLast) {
  for (const std::string& name : model_names()) {
    const Model model = make_model(name, 0.5);
    std::vector<int> marks;
    for (const KernelCost& kernel : training_cost(model, 8)) {
      if (!kernel.mark) continue;
      EXPECT_EQ(kernel.phase, Phase::kBackward);
      marks.push_back(*kernel.mark);
    }
    EXPECT_TRUE(std::is_sorted(marks.rbegin(), marks.rend())) << name;
    EXPECT_EQ(std::set<int>(marks.begin(), marks.end()).size(), make_layout(model).slices.size())
        << name;
    EXPECT_EQ(marks.size(), make_layout(model).slices.size()) << name;
  }
}

// Two thirds of cnn's operations are its second convolution's: forward 2 x 576 x 64 x 288 a sample.
TEST(Cost, TrainingIsAboutThreeTimesForward) {
  const auto flops = [](const Cost& cost) {
    double sum = 0;
    for (const KernelCost& kernel : cost) sum += kernel.flops;
    return sum;
  };
  const Model model = make_model("cnn", 0);
  const double forward = flops(evaluation_cost(model, 64));
  EXPECT_NEAR(forward / (64.0 * 2 * (676 * 32 * 9 + 576 * 64 * 288 + 9216 * 128 + 1280)), 1, 0.02);
  EXPECT_NEAR(flops(training_cost(model, 64)) / forward, 3, 0.05);
}

TEST(DryLearnerDeathTest, ComputesNothing) {
  const DryLearner learner(make_model("logistic", 0));
  EXPECT_EQ(learner.layout().size, 7850);
  EXPECT_FALSE(learner.cost(1).empty());
  std::vector<float> vector(7850);
  EXPECT_DEATH(learner.gradient(vector, {}, vector, RandomStream({}), {}),
               "a dry learner computes nothing");
}

}  // namespace
}  // namespace understudy
