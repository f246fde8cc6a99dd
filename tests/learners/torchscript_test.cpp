// Learners of TorchScript modules against Python's PyTorch and against models of layers. The modules come
// from tests/golden/torchscript.py.
#include <gmock/gmock.h>

#include <thread>

#include "runtime/learners/files/state_dictionary.hpp"
#include "runtime/learners/torch/torch_learner.hpp"
#include "runtime/training/optimizer.hpp"
#include "tests/learners/batches.hpp"

namespace understudy {
namespace {

const std::string kGolden = UNDERSTUDY_SOURCE_DIR "/tests/golden/torchscript/";

Model scripted(const std::string& name, const ImageShape& images = {{1, 12, 12}, 10}) {
  return make_model({.kind = kTorchscript, .file = {kGolden + name}}, 0, images);
}

// The layers of net.pt, with its weights.
Model of_layers() {
  Model model{
      .name = "net",
      .input = {1, 12, 12},
      .layers = {Conv2d{.name = "conv", .in = 1, .out = 4, .kernel = 3}, BatchNorm2d{"bn", 4},
                 Relu{}, AveragePool2d{4}, Flatten{}, Linear{"fc", 64, 10}}};
  const std::string file = kGolden + "net.pt";
  model.start = std::make_shared<const std::vector<float>>(
      values_for(make_layout(model), read_state_dictionary(file), file, "net"));
  return model;
}

// As batch() of torchscript.py.
Batch golden_batch(std::int64_t step) {
  constexpr std::int64_t kBatch = 8, kPixels = 144;
  Batch batch{.count = kBatch, .inputs = {}, .labels = {}};
  for (std::int64_t i = 0; i < kBatch * kPixels; ++i)
    batch.inputs.push_back(static_cast<float>((i * 7919 + step * 104729) % 1000) / 1000);
  for (std::int64_t i = 0; i < kBatch; ++i) batch.labels.push_back((i * 7 + step) % 10);
  return batch;
}

double largest_difference(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return largest;
}

// Parameters, running statistics and the count of batches.
TEST(Torchscript, TrainsToTheWeightsOfPython) {
  const auto learner = make_torch_learner(scripted("net.pt"));
  std::vector<float> parameters = initial_parameters(*learner), gradient(parameters.size());
  Sgd<float> sgd({.momentum = 0.9, .weight_decay = 1e-3}, learner->layout());
  for (std::int64_t step = 0; step < 20; ++step) {
    learner->gradient(parameters, golden_batch(step), gradient, RandomStream({}), {});
    sgd.step(parameters, gradient, 0.05);
    take_buffers<float>(learner->layout(), gradient, parameters);
  }
  const StateDictionary python = read_state_dictionary(kGolden + "after.pt");
  EXPECT_LT(largest_difference(parameters, python.values), 1e-5);
  EXPECT_GT(largest_difference(initial_parameters(*learner), python.values), 1e-2);
}

// A scripted vector without its count of batches, in the order of the layers.
std::vector<float> as_layers(const Learner& learner, std::span<const float> vector) {
  return values_for(make_layout(of_layers()), {learner.layout(), {vector.begin(), vector.end()}},
                    "", "");
}

TEST(Torchscript, HasTheGradientOfTheSameLayers) {
  const auto learner = make_torch_learner(scripted("net.pt"));
  const Model layers = of_layers();
  const auto other = make_torch_learner(layers);
  const Batch batch = random_batch(layers, 9);
  const auto x = initial_parameters(*learner);
  const auto y = initial_parameters(*other);
  ASSERT_EQ(as_layers(*learner, x), y);
  std::vector<float> g(x.size(), 1e9f), h(y.size());
  const double loss = learner->gradient(x, batch, g, RandomStream({}), {});
  EXPECT_NEAR(loss, other->gradient(y, batch, h, RandomStream({}), {}), 1e-6);
  EXPECT_LT(largest_difference(as_layers(*learner, g), h), 1e-6);

  const BatchAsSource source(random_batch(layers, 150, 2));
  const Evaluation mine = learner->evaluate(x, source, 10, 130);
  const Evaluation theirs = other->evaluate(y, source, 10, 130);
  EXPECT_NEAR(mine.loss, theirs.loss, 1e-6);
  EXPECT_EQ(mine.accuracy, theirs.accuracy);
  std::vector<float> a(90), b(90);
  learner->logits(x, batch, a);
  other->logits(y, batch, b);
  EXPECT_LT(largest_difference(a, b), 1e-6);
}

TEST(Torchscript, HasTheHessianOfTheSameLayers) {
  const auto learner = make_torch_learner(scripted("net.pt"));
  const auto other = make_torch_learner(of_layers());
  const Batch batch = random_batch(of_layers(), 6);
  const auto x = initial_parameters(*learner);
  const auto y = initial_parameters(*other);
  RandomStream random({.purpose = Purpose::kTest});
  std::vector<float> v(x.size()), hv(x.size()), hw(y.size());
  for (float& value : v) value = static_cast<float>(random.normal());
  learner->hessian_vector(x, batch, v, hv);
  other->hessian_vector(y, batch, as_layers(*learner, v), hw);
  EXPECT_LT(largest_difference(as_layers(*learner, hv), hw), 2e-5);
  EXPECT_GT(largest_difference(hw, std::vector<float>(hw.size(), 0)), 1e-2);
}

// Each slice is told once, and is final when it is.
TEST(Torchscript, TellsOfEachSliceOnceItIsThere) {
  const auto learner = make_torch_learner(scripted("net.pt"));
  const Batch batch = random_batch(of_layers(), 4);
  const auto x = initial_parameters(*learner);
  std::vector<float> g(x.size());
  std::vector<std::vector<float>> when_told(learner->layout().slices.size());
  std::vector<int> told(when_told.size());
  const auto hook = [&](std::size_t i) {
    const Slice& slice = learner->layout().slices[i];
    const auto first = g.begin() + static_cast<std::ptrdiff_t>(slice.offset);
    when_told[i].assign(first, first + static_cast<std::ptrdiff_t>(slice.size));
    ++told[i];
  };
  learner->gradient(x, batch, g, RandomStream({}), hook);
  EXPECT_THAT(told, testing::Each(1));
  std::vector<float> joined;
  for (const auto& slice : when_told) joined.insert(joined.end(), slice.begin(), slice.end());
  EXPECT_EQ(joined, g);
}

TEST(Torchscript, GoesForwardAndBackInPieces) {
  const auto learner = make_torch_learner(scripted("dropout.pt"));
  const Batch batch = random_batch(of_layers(), 5);
  const auto x = initial_parameters(*learner);
  std::vector<float> whole(x.size()), pieces(x.size());
  const RandomStream random({.seed = 3});
  learner->gradient(x, batch, whole, random, {});
  const auto pass = learner->forward(x, batch, random);
  // Another way forward in between changes nothing.
  std::vector<float> other(x.size());
  learner->gradient(x, random_batch(of_layers(), 7, 5), other, RandomStream({.seed = 4}), {});
  std::vector<float> by_logits(50);
  for (std::size_t n = 0; n < 5; ++n) {
    const auto row = pass->logits().subspan(10 * n, 10);
    double sum = 0;
    for (const float z : row) sum += std::exp(static_cast<double>(z));
    for (std::size_t c = 0; c < 10; ++c) {
      const double p = std::exp(static_cast<double>(row[c])) / sum;
      const bool is_label = batch.labels[n] == static_cast<std::int64_t>(c);
      by_logits[10 * n + c] = static_cast<float>((p - (is_label ? 1 : 0)) / 5);
    }
  }
  pass->backward(by_logits, pieces, {});
  EXPECT_LT(largest_difference(whole, pieces), 1e-6);
}

// Equal streams drop the same; training drops, and the rest does not.
TEST(Torchscript, DropsAsItsStreamSays) {
  const auto learner = make_torch_learner(scripted("dropout.pt"));
  const Batch batch = random_batch(of_layers(), 16);
  const auto x = initial_parameters(*learner);
  std::vector<float> a(x.size()), b(x.size()), c(x.size());
  learner->gradient(x, batch, a, RandomStream({.seed = 1}), {});
  std::vector<std::thread> others;
  std::vector<std::vector<float>> same(4, std::vector<float>(x.size()));
  for (auto& mine : same) {
    others.emplace_back([&] {
      for (int i = 0; i < 20; ++i) learner->gradient(x, batch, mine, RandomStream({.seed = 1}), {});
    });
  }
  for (auto& thread : others) thread.join();
  for (const auto& mine : same) EXPECT_EQ(mine, a);
  learner->gradient(x, batch, c, RandomStream({.seed = 2}), {});
  EXPECT_NE(a, c);
  std::vector<float> once(160), again(160);
  learner->logits(x, batch, once);
  learner->logits(x, batch, again);
  EXPECT_EQ(once, again);
}

TEST(Torchscript, WithDropoutAndBatchNormalisationHasNoSecondDerivatives) {
  const auto learner = make_torch_learner(scripted("dropout.pt"));
  const Batch batch = random_batch(of_layers(), 2);
  const auto x = initial_parameters(*learner);
  EXPECT_THAT([&] { learner->hessian(x, batch); },
              testing::ThrowsMessage<RunError>(
                  kGolden + "dropout.pt: has dropout and batch normalisation, and no second "
                            "derivatives without the one but with the other"));
}

TEST(Torchscript, ThatWasTracedIsTakenWhereTrainingIsNoOther) {
  EXPECT_NO_THROW(make_torch_learner(scripted("traced.pt")));
}

TEST(Torchscript, IsRefusedWhereItIsNoClassifierToTrain) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"traced_in_eval.pt",
       "its dropout is frozen to what it does outside of training: torch.jit.trace keeps one of "
       "the "
       "two, torch.jit.script both"},
      {"traced_in_training.pt",
       "its batch_norm is frozen to what it does in training: torch.jit.trace keeps one of the "
       "two, "
       "torch.jit.script both"},
      {"seven.pt",
       "gives a tensor [2, 7] of Float for images [2, 1, 12, 12]; logits [2, 10] of Float belong, "
       "one "
       "for each class"},
      {"pair.pt",
       "gives (Tensor, Tensor) for images [2, 1, 12, 12]; logits [2, 10] of Float belong, one for "
       "each class"}};
  for (const auto& [name, sentence] : cases) {
    EXPECT_THAT([&] { make_torch_learner(scripted(name)); },
                testing::ThrowsMessage<DataError>(kGolden + name + ": " + sentence));
  }
  EXPECT_THAT(
      [&] {
        make_torch_learner(scripted("traced.pt", {{1, 28, 28}, 10}));
      },
      testing::ThrowsMessage<DataError>(testing::AllOf(
          testing::StartsWith(kGolden + "traced.pt: takes no images [2, 1, 28, 28]: "),
          testing::HasSubstr("2x784"), testing::Not(testing::HasSubstr("\n")))));
}

}  // namespace
}  // namespace understudy
