#include "runtime/learners/model.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "runtime/base/errors.hpp"
#include "tests/learners/batches.hpp"

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
  const Model coloured = make_model("two_cnn", 0, {{3, 28, 28}, 10});
  EXPECT_EQ(make_layout(coloured).size, 722'800);
  for (const Slice& slice : make_layout(coloured).slices)
    EXPECT_THAT(slice.name, testing::EndsWith(".weight"));
}

constexpr ImageShape kCifar10{{3, 32, 32}, 10};

std::size_t size_of(const std::string& name, const ImageShape& images) {
  return make_layout(make_model(name, 0, images)).size;
}

// 32 pooled three times to 4; 28 to 3. FedMA's authors give 3,491,530.
TEST(Model, ParameterCountOfVgg9) {
  const auto count = [](std::size_t channels, std::size_t side, std::size_t classes) {
    const std::size_t convolutions = 9 * channels * 32 + 32 + 9 * 32 * 64 + 64 + 9 * 64 * 128 +
                                     128 + 9 * 128 * 128 + 128 + 9 * 128 * 256 + 256 +
                                     9 * 256 * 256 + 256;
    return convolutions + 256 * side * side * 512 + 512 + 512 * 512 + 512 + 512 * classes + classes;
  };
  EXPECT_EQ(size_of("vgg9", kCifar10), 3'491'530);
  EXPECT_EQ(size_of("vgg9", kCifar10), count(3, 4, 10));
  EXPECT_EQ(size_of("vgg9", {}), count(1, 3, 10));
  EXPECT_EQ(size_of("vgg9", {{3, 32, 32}, 100}), count(3, 4, 100));
}

// torchvision's counts for 1000 classes; for CIFAR-10 the same convolutions, by the sum over them,
// and one linear layer.
TEST(Model, ParameterCountsOfVgg) {
  constexpr ImageShape kImageNet{{3, 224, 224}, 1000};
  EXPECT_EQ(size_of("vgg11", kImageNet), 132'863'336);
  EXPECT_EQ(size_of("vgg13", kImageNet), 133'047'848);
  EXPECT_EQ(size_of("vgg16", kImageNet), 138'357'544);
  EXPECT_EQ(size_of("vgg19", kImageNet), 143'667'240);
  const std::size_t channels[] = {3,   64,  64,  128, 128, 256, 256, 256, 256,
                                  512, 512, 512, 512, 512, 512, 512, 512};
  std::size_t vgg19 = 512 * 10 + 10;
  for (std::size_t i = 0; i < 16; ++i) vgg19 += (9 * channels[i] + 1) * channels[i + 1];
  EXPECT_EQ(size_of("vgg19", kCifar10), vgg19);
  EXPECT_EQ(size_of("vgg19", {{1, 32, 32}, 10}), vgg19 - 2 * 9 * 64);
  EXPECT_EQ(size_of("vgg19", {{3, 64, 64}, 10}), vgg19);
}

// torchvision's parameters, and two buffers of each channel that is normalised.
TEST(Model, SizesWithBatchNormalisation) {
  constexpr ImageShape kImageNet{{3, 224, 224}, 1000};
  EXPECT_EQ(size_of("vgg19_bn", kImageNet), 143'678'248 + 2 * 5'504);
  EXPECT_EQ(size_of("resnet18", kImageNet), 11'689'512 + 2 * 4'800);
  // For CIFAR: 7x7 become 3x3, 1000 classes 10.
  EXPECT_EQ(size_of("resnet18", kCifar10), 11'689'512 - 40 * 64 * 3 - 513 * 990 + 2 * 4'800);
}

// Five poolings leave nothing of 28x28.
TEST(Model, ImagesMayBeTooSmall) {
  EXPECT_EQ(least_image_side("cnn"), 28);
  try {
    make_model("vgg16", 0);
    FAIL();
  } catch (const ScenarioError& error) {
    EXPECT_STREQ(error.what(), "the model vgg16 takes images of 32x32 or more, not of 28x28");
  }
}

// kaiming_normal by fan_out: the variance of 9 x 512 weights that a pixel of the output's 512 channels
// sees is 2 in sum. Of n normal values the mean square's deviation is sqrt(2/n) of it: five of those.
TEST(Model, VggStartsAsTorchvisions) {
  const Model model = make_model("vgg11", 0, kCifar10);
  const Layout layout = make_layout(model);
  std::vector<float> values(layout.size);
  initialise<float>(model, RandomStream({.seed = 5}), values);
  for (const Slice& slice : layout.slices) {
    double sum = 0, squares = 0;
    for (const float v : std::span(values).subspan(slice.offset, slice.size)) {
      sum += static_cast<double>(v);
      squares += static_cast<double>(v) * static_cast<double>(v);
    }
    const double n = static_cast<double>(slice.size);
    const bool weight = slice.shape.size() > 1, convolution = slice.shape.size() > 2;
    const double variance = !weight       ? 0
                            : convolution ? 2.0 / (9 * static_cast<double>(slice.shape[0]))
                                          : 1e-4;
    EXPECT_NEAR(squares / n, variance, 5 * variance * std::sqrt(2 / n)) << slice.name;
    EXPECT_NEAR(sum / n, 0, 5 * std::sqrt(variance / n)) << slice.name;
  }
}

// Eight convolutions without biases, a scale and a shift for each of their channels; the size of the
// image plays no part, as the last pooling takes what there is.
TEST(Model, ParameterCountOfResNet9) {
  const auto count = [](std::size_t channels, std::size_t classes) {
    const std::size_t weights =
        9 * (channels * 64 + 64 * 128 + 2 * 128 * 128 + 128 * 256 + 256 * 512 + 2 * 512 * 512);
    return weights + 2 * (64 + 3 * 128 + 256 + 3 * 512) + 512 * classes;
  };
  EXPECT_EQ(size_of("resnet9", kCifar10), 6'573'120);
  EXPECT_EQ(size_of("resnet9", kCifar10), count(3, 10));
  EXPECT_EQ(size_of("resnet9", {}), count(1, 10));
  EXPECT_EQ(size_of("resnet9", {{1, 28, 28}, 47}), count(1, 47));
}

// What more classes and channels, and larger images, add to the first and the last layers.
TEST(Model, FollowsTheImages) {
  EXPECT_EQ(size_of("cnn", {{1, 28, 28}, 62}), 1'199'882 + 52 * 129);
  EXPECT_EQ(size_of("lenet", {{1, 28, 28}, 47}), 21'840 + 37 * 51);
  EXPECT_EQ(size_of("two_nn", {{1, 28, 28}, 26}), 238'800 + 16 * 200);
  EXPECT_EQ(size_of("two_cnn", {{1, 28, 28}, 26}), 721'200 + 16 * 200);
  EXPECT_EQ(size_of("logistic", {{3, 32, 32}, 100}), 100 * (3 * 32 * 32 + 1));
  // cnn: 32 - 4 pooled to 14; lenet: 28 pooled to 14, 10 to 5; two_cnn: 32 pooled to 16, 14 to 8.
  EXPECT_EQ(size_of("cnn", kCifar10), 1'199'882 + 2 * 9 * 32 + 64 * (14 * 14 - 12 * 12) * 128);
  EXPECT_EQ(size_of("lenet", kCifar10), 21'840 + 2 * 25 * 10 + 20 * (5 * 5 - 4 * 4) * 50);
  EXPECT_EQ(size_of("two_nn", kCifar10), 238'800 + (3 * 32 * 32 - 784) * 200);
  EXPECT_EQ(size_of("two_cnn", kCifar10), 722'800 + 64 * (8 * 8 - 7 * 7) * 200);
  for (const std::string& name : model_names())
    EXPECT_EQ(class_count(make_model(name, 0.1, {{3, 32, 32}, 100})), 100) << name;
}

TEST(Model, NormalisationStartsAsNone) {
  const Model model{"norm", {6, 2, 2}, {GroupNorm{"norm", 3, 6}, Flatten{}, Linear{"fc", 24, 2}}};
  std::vector<float> values(make_layout(model).size);
  initialise<float>(model, RandomStream({.seed = 5}), values);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(values[i], i < 6 ? 1 : 0);
  EXPECT_NE(values[12], 0);
}

ActivationShape after(const std::vector<Layer>& layers, const ActivationShape& input) {
  ShapeFlow flow(input);
  for (const Layer& layer : layers) flow.pass(layer);
  return flow.shape();
}

TEST(Model, ShapesWithPadding) {
  EXPECT_EQ(after({Conv2d{"c", 3, 8, 5, 1}}, {3, 28, 20}), (ActivationShape{8, 26, 18}));
  EXPECT_EQ(after({MaxPool2d{2, 1}}, {8, 26, 12}), (ActivationShape{8, 14, 7}));
  EXPECT_EQ(after({MaxPool2d{3, 1}}, {8, 26, 12}), (ActivationShape{8, 9, 4}));
}

// Windows of 3 that start at -1, 1, 3, ..: of 28 at -1..25, 14 of them; of 27 at -1..25, 14 too.
TEST(Model, ShapesWithStrides) {
  EXPECT_EQ(after({Conv2d{"c", 3, 8, 3, 1, false, 2}}, {3, 28, 27}), (ActivationShape{8, 14, 14}));
  EXPECT_EQ(after({Conv2d{"c", 3, 8, 1, 0, false, 2}}, {3, 28, 27}), (ActivationShape{8, 14, 14}));
  EXPECT_EQ(after({MaxPool2d{3, 1, 2}}, {8, 112, 28}), (ActivationShape{8, 56, 14}));
  EXPECT_EQ(after({AveragePool2d{7}}, {8, 9, 20}), (ActivationShape{8, 7, 7}));
}

// What was kept goes through the layers after the swap.
TEST(Model, ShapesOfBranches) {
  EXPECT_EQ(after({SkipStart{}, Conv2d{"a", 3, 8, 3, 1, false, 2}, SkipSwap{},
                   Conv2d{"b", 3, 8, 1, 0, false, 2}, SkipAdd{}},
                  {3, 28, 28}),
            (ActivationShape{8, 14, 14}));
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
    EXPECT_EQ(class_count(make_model(name, 0.1, least_images(name))), 10) << name;
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

// Norm of 8 channels of 5x5 around which a residual connection goes, over 3 samples.
TEST(Cost, OfNormalisationAndAResidualConnection) {
  const Model model{"norm only",
                    {8, 5, 5},
                    {Conv2d{"first", 8, 8, 1, 0, false}, SkipStart{}, GroupNorm{"norm", 2, 8},
                     SkipAdd{}, Scale{2}, Flatten{}}};
  const Cost cost = training_cost(model, 3);
  const double elements = 3 * 8 * 5 * 5;
  // copy; forward of convolution, norm, sum, scale; loss; backward of scale, the norm's shift, scale
  // and input, the sum of two gradients, the convolution's weight.
  ASSERT_EQ(cost.size(), 12);
  EXPECT_EQ(cost[2].flops, 6 * elements);
  EXPECT_EQ(cost[2].bytes, 4 * (2 * elements + 16));
  EXPECT_EQ(cost[3].flops, elements);
  EXPECT_EQ(cost[3].bytes, 4 * 3 * elements);
  EXPECT_EQ(cost[4].flops, elements);
  EXPECT_EQ(cost[6].flops, elements);
  EXPECT_EQ(cost[7].flops, elements);
  EXPECT_EQ(cost[7].mark, 2);
  EXPECT_EQ(cost[8].flops, 4 * elements);
  EXPECT_EQ(cost[8].mark, 1);
  EXPECT_EQ(cost[9].flops, 4 * elements);
  EXPECT_EQ(cost[9].mark, std::nullopt);
  EXPECT_EQ(cost[10].flops, elements);
  EXPECT_EQ(cost[11].mark, 0);
}

// Multiply-adds of the convolutions and linear layers; what is left is below 3 %.
TEST(Cost, OfTheLargeModelsIsTheirProducts) {
  const auto forward = [](const std::string& name) {
    double sum = 0;
    for (const KernelCost& kernel : evaluation_cost(make_model(name, 0, kCifar10), 4))
      sum += kernel.flops;
    return sum / 4;
  };
  const double vgg9 = 1024.0 * 9 * (3 * 32 + 32 * 64) + 256.0 * 9 * (64 * 128 + 128 * 128) +
                      64.0 * 9 * (128 * 256 + 256 * 256) + 4096 * 512 + 512 * 512 + 5120;
  EXPECT_NEAR(forward("vgg9") / (2 * vgg9), 1, 0.03);
  const double resnet9 = 1024.0 * 9 * (3 * 64 + 64 * 128) +
                         256.0 * 9 * (2 * 128 * 128 + 128 * 256) + 64.0 * 9 * 256 * 512 +
                         16.0 * 9 * 2 * 512 * 512 + 5120;
  EXPECT_NEAR(forward("resnet9") / (2 * resnet9), 1, 0.03);
  const double vgg19 = 1024.0 * 9 * (3 * 64 + 64 * 64) + 256.0 * 9 * (64 * 128 + 128 * 128) +
                       64.0 * 9 * (128 * 256 + 3 * 256 * 256) +
                       16.0 * 9 * (256 * 512 + 3 * 512 * 512) + 4.0 * 9 * 4 * 512 * 512 + 5120;
  EXPECT_NEAR(forward("vgg19") / (2 * vgg19), 1, 0.03);
}

TEST(Cost, CopyMovesFloatsAndLabels) {
  const KernelCost copy = training_cost(make_model("logistic", 0), 64)[0];
  EXPECT_EQ(copy.phase, Phase::kCopy);
  EXPECT_EQ(copy.bytes, 64 * (784 * 4 + 8));
  EXPECT_EQ(copy.samples, 64);
}

TEST(Cost, BackwardMarksEverySliceOnceFromTheLast) {
  for (const std::string& name : model_names()) {
    const Model model = make_model(name, 0.5, least_images(name));
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
