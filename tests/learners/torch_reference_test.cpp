// Side by side with LibTorch itself: modules differentiated by autograd, and torch::optim::SGD.
#include <torch/torch.h>

#include <map>

#include "runtime/learners/torch/stages.hpp"
#include "runtime/learners/torch/torch_learner.hpp"
#include "runtime/training/optimizer.hpp"
#include "tests/learners/batches.hpp"

namespace understudy {
namespace {

// What VGG-9 and ResNet-9 have before their linear layers.
at::Tensor vgg9_features(at::Tensor x, const std::vector<at::Tensor>& p) {
  for (std::size_t i = 0; i < 6; ++i) {
    x = torch::relu(torch::conv2d(x, p[2 * i], p[2 * i + 1], 1, 1));
    if (i % 2 == 1) x = torch::max_pool2d(x, 2);
  }
  return x.flatten(1);
}

// Below 224x224: pooled to one pixel, one linear layer.
at::Tensor vgg(at::Tensor x, const std::vector<at::Tensor>& p, const std::vector<int>& blocks) {
  std::size_t next = 0;
  for (const int convolutions : blocks) {
    for (int i = 0; i < convolutions; ++i, next += 2)
      x = torch::relu(torch::conv2d(x, p[next], p[next + 1], 1, 1));
    x = torch::max_pool2d(x, 2);
  }
  return torch::linear(x.mean({2, 3}), p[next], p[next + 1]);
}
const std::map<std::string, std::vector<int>> kVggBlocks{{"vgg11", {1, 1, 2, 2, 2}},
                                                         {"vgg13", {2, 2, 2, 2, 2}},
                                                         {"vgg16", {2, 2, 3, 3, 3}},
                                                         {"vgg19", {2, 2, 4, 4, 4}}};

at::Tensor resnet9_features(at::Tensor x, const std::vector<at::Tensor>& p) {
  const auto block = [&](const at::Tensor& in, std::size_t i) {
    return torch::relu(
        torch::group_norm(torch::conv2d(in, p[3 * i], {}, 1, 1), 32, p[3 * i + 1], p[3 * i + 2]));
  };
  x = torch::max_pool2d(block(block(x, 0), 1), 2);
  x = x + block(block(x, 2), 3);
  x = torch::max_pool2d(block(x, 4), 2);
  x = torch::max_pool2d(block(x, 5), 2);
  x = x + block(block(x, 6), 7);
  return x.amax({2, 3});
}

// The model by autograd, over leaves that hold copies of the parameters; the gradient of each
// slice.
std::vector<at::Tensor> autograd(const std::string& name, const ActivationShape& image,
                                 std::vector<at::Tensor> p, const Batch& batch) {
  for (at::Tensor& leaf : p) leaf = leaf.clone().requires_grad_();
  const auto count = static_cast<std::int64_t>(batch.count);
  at::Tensor x = at::tensor(batch.inputs)
                     .to(p[0].scalar_type())
                     .view({count, image.channels, image.rows, image.columns});
  if (name == "cnn") {
    x = torch::relu(torch::conv2d(x, p[0], p[1]));
    x = torch::max_pool2d(torch::relu(torch::conv2d(x, p[2], p[3])), 2).flatten(1);
  } else if (name == "lenet") {
    x = torch::relu(torch::max_pool2d(torch::conv2d(x, p[0], p[1]), 2));
    x = torch::relu(torch::max_pool2d(torch::conv2d(x, p[2], p[3]), 2)).flatten(1);
  }
  if (name == "small_cnn") {
    for (std::size_t i = 0; i < 4; i += 2)
      x = torch::max_pool2d(torch::relu(torch::conv2d(x, p[i], p[i + 1])), 2);
    x = x.flatten(1);
  }
  if (name == "two_cnn") {
    for (std::size_t i = 0; i < 2; ++i)
      x = torch::max_pool2d(torch::relu(torch::conv2d(x, p[i], {}, 1, 1)), 2, {}, 1);
  }
  if (name == "vgg9") x = vgg9_features(x, p);
  if (kVggBlocks.contains(name)) {
    x = vgg(x, p, kVggBlocks.at(name));
  } else if (name == "resnet9") {
    x = torch::linear(resnet9_features(x, p), p.back()) * 0.125;
  } else if (name == "logistic") {
    x = torch::linear(x.flatten(1), p[0], p[1]);
  } else if (name == "two_nn" || name == "two_cnn") {
    const std::size_t first = name == "two_nn" ? 0 : 2;
    x = x.flatten(1);
    for (std::size_t i = first; i < p.size(); ++i)
      x = torch::linear(i == first ? x : torch::relu(x), p[i]);
  } else {
    for (std::size_t i = name == "vgg9" ? 12 : 4; i < p.size(); i += 2)
      x = torch::linear(i == 4 || i == 12 ? x : torch::relu(x), p[i], p[i + 1]);
  }
  return torch::autograd::grad({torch::cross_entropy_loss(x, at::tensor(batch.labels))}, p);
}

template <class Scalar>
void expect_autograd(const std::string& name, const BasicLearner<Scalar>& learner,
                     const Model& model, double tolerance) {
  const auto parameters = initial_parameters(learner);
  const bool large = name.starts_with("vgg") || name.starts_with("resnet");
  const Batch batch = random_batch(model, large ? 3 : 16);
  std::vector<Scalar> gradient(parameters.size());
  learner.gradient(parameters, batch, gradient, RandomStream({}), {});
  const auto ours = slice_views(learner.layout(), std::span<const Scalar>(gradient));
  const auto theirs = autograd(
      name, model.input, slice_views(learner.layout(), std::span<const Scalar>(parameters)), batch);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double error = ((ours[i] - theirs[i]).norm() / theirs[i].norm()).template item<double>();
    EXPECT_LT(error, tolerance) << name << " " << learner.layout().slices[i].name;
  }
}

TEST(TorchReference, GradientEqualsAutograd) {
  for (const std::string& name : model_names()) {
    if (name.ends_with("_bn") || name == "resnet18") continue;  // large_models_test.cpp
    const bool large = name.starts_with("vgg1");
    for (const ImageShape& images : {ImageShape{{3, 32, 32}, 7}, ImageShape{}}) {
      if (large && images == ImageShape{}) continue;
      const Model model = make_model(name, 0, images);
      expect_autograd(name, *make_torch_learner_double(model), model, 1e-13);
      // A gradient jumps where rounding decides which side of a ReLU's kink, or which pixel of a pool, a
      // number is on: among a VGG's millions of numbers one in a late layer shows in all before it.
      expect_autograd(name, *make_torch_learner(model), model, large ? 2e-2 : 1e-5);
    }
  }
}

TEST(TorchReference, ViewsCopyNothing) {
  const Layout layout = make_layout(make_model("cnn", 0));
  std::vector<float> vector(layout.size);
  const auto views = slice_views(layout, std::span<float>(vector));
  for (std::size_t i = 0; i < views.size(); ++i) {
    EXPECT_EQ(views[i].data_ptr<float>(), vector.data() + layout.slices[i].offset);
    EXPECT_EQ(views[i].sizes().vec(), layout.slices[i].shape);
    EXPECT_TRUE(views[i].is_contiguous());
  }
}

// A size that no vector width divides, so that the tails of ATen's loops are compared too.
constexpr std::int64_t kSize = 1003;

template <class Scalar>
void expect_same_bits(const SgdConfig& config, at::ScalarType type) {
  torch::manual_seed(1);
  std::vector<Scalar> ours(kSize);
  at::Tensor theirs = at::randn({kSize}, type).requires_grad_();
  std::copy_n(theirs.data_ptr<Scalar>(), kSize, ours.begin());
  const Layout layout{{{"w", {kSize}, 0, kSize, true}}, kSize};
  Sgd<Scalar> sgd(config, layout);
  torch::optim::SGD reference({theirs}, torch::optim::SGDOptions(config.lr)
                                            .momentum(config.momentum)
                                            .dampening(config.dampening)
                                            .weight_decay(config.weight_decay)
                                            .nesterov(config.nesterov));
  for (int step = 0; step < 200; ++step) {
    theirs.mutable_grad() = at::randn({kSize}, type);
    const std::span<const Scalar> gradient(theirs.grad().data_ptr<Scalar>(), kSize);
    sgd.step(ours, gradient, config.lr);
    reference.step();
    ASSERT_TRUE(std::equal(ours.begin(), ours.end(), theirs.data_ptr<Scalar>())) << "step " << step;
  }
}

TEST(TorchReference, SgdHasTheSameBits) {
  const SgdConfig configs[] = {
      {.lr = 0.01},
      {.lr = 0.013, .weight_decay = 5e-4},
      {.lr = 0.1, .momentum = 0.9},
      {.lr = 0.1, .momentum = 0.87, .dampening = 0.3},
      {.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-3},
      {.lr = 0.1, .momentum = 0.87, .dampening = 0.3, .weight_decay = 1e-3},
      {.lr = 0.1, .momentum = 0.9, .nesterov = true},
      {.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-3, .nesterov = true},
  };
  for (std::size_t i = 0; i < std::size(configs); ++i) {
    SCOPED_TRACE(i);
    expect_same_bits<float>(configs[i], at::kFloat);
    expect_same_bits<double>(configs[i], at::kDouble);
  }
}

}  // namespace
}  // namespace understudy
