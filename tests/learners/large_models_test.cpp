// Batch normalisation, and the models of torchvision, beside LibTorch and torchvision themselves.
#include <torch/torch.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/learners/torch/stages.hpp"
#include "runtime/learners/torch/torch_learner.hpp"
#include "tests/learners/batches.hpp"

namespace understudy {
namespace {

// Slices one after the other, as a network uses them.
struct Parameters {
  at::Tensor take() { return slices.at(next++); }
  std::vector<at::Tensor> slices;
  std::size_t next = 0;
};

at::Tensor conv(Parameters& p, const at::Tensor& x, std::int64_t padding, std::int64_t stride) {
  return torch::conv2d(x, p.take(), {}, stride, padding);
}
// In training; running statistics are changed in place.
at::Tensor batch_norm(Parameters& p, const at::Tensor& x) {
  const at::Tensor weight = p.take(), bias = p.take(), mean = p.take(), variance = p.take();
  return torch::batch_norm(x, weight, bias, mean, variance, true, 0.1, 1e-5, false);
}

at::Tensor vgg11_bn(Parameters& p, at::Tensor x) {
  for (const int convolutions : {1, 1, 2, 2, 2}) {
    for (int i = 0; i < convolutions; ++i) {
      const at::Tensor weight = p.take(), bias = p.take();
      x = torch::relu(batch_norm(p, torch::conv2d(x, weight, bias, 1, 1)));
    }
    x = torch::max_pool2d(x, 2);
  }
  const at::Tensor weight = p.take(), bias = p.take();
  return torch::linear(x.flatten(1), weight, bias);
}

at::Tensor basic_block(Parameters& p, const at::Tensor& x, std::int64_t stride, bool reshapes) {
  at::Tensor out = torch::relu(batch_norm(p, conv(p, x, 1, stride)));
  out = batch_norm(p, conv(p, out, 1, 1));
  return torch::relu(out + (reshapes ? batch_norm(p, conv(p, x, 0, stride)) : x));
}
at::Tensor resnet18(Parameters& p, at::Tensor x) {
  x = torch::relu(batch_norm(p, conv(p, x, 1, 1)));
  for (int stage = 0; stage < 4; ++stage) {
    x = basic_block(p, x, stage > 0 ? 2 : 1, stage > 0);
    x = basic_block(p, x, 1, false);
  }
  const at::Tensor weight = p.take(), bias = p.take();
  return torch::linear(x.mean({2, 3}), weight, bias);
}

using Network = at::Tensor (*)(Parameters&, at::Tensor);

// What gradient() leaves: of parameters the gradient by autograd, of buffers their new values.
std::vector<at::Tensor> by_autograd(Network network, const Layout& layout,
                                    std::span<const double> values, const Batch& batch,
                                    const ActivationShape& image) {
  Parameters p{slice_views(layout, values)};
  std::vector<at::Tensor> trainable;
  for (std::size_t i = 0; i < p.slices.size(); ++i) {
    p.slices[i] = p.slices[i].clone();
    if (layout.slices[i].trainable) trainable.push_back(p.slices[i].requires_grad_());
  }
  const at::Tensor x = at::tensor(batch.inputs)
                           .to(at::kDouble)
                           .view({static_cast<std::int64_t>(batch.count), image.channels,
                                  image.rows, image.columns});
  const at::Tensor loss = torch::cross_entropy_loss(network(p, x), at::tensor(batch.labels));
  const auto gradients = torch::autograd::grad({loss}, trainable);
  std::size_t next = 0;
  std::vector<at::Tensor> out;
  for (std::size_t i = 0; i < p.slices.size(); ++i)
    out.push_back(layout.slices[i].trainable ? gradients[next++] : p.slices[i]);
  return out;
}

struct NamedNetwork {
  const char* name;
  Network network;
};
class BatchNormalised : public testing::TestWithParam<NamedNetwork> {};
INSTANTIATE_TEST_SUITE_P(Models, BatchNormalised,
                         testing::Values(NamedNetwork{"vgg11_bn", vgg11_bn},
                                         NamedNetwork{"resnet18", resnet18}),
                         [](const auto& instance) { return std::string(instance.param.name); });

// A bias before a normalisation has no influence: its gradient is rounding, against that of the whole.
TEST_P(BatchNormalised, GradientAndBuffersEqualAutograd) {
  const auto [name, network] = GetParam();
  const Model model = make_model(name, 0, {{3, 32, 32}, 7});
  const auto learner = make_torch_learner_double(model);
  const Layout& layout = learner->layout();
  const auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(model, 6);
  std::vector<double> gradient(parameters.size(), 99.0);
  std::vector<bool> hooked(layout.slices.size());
  learner->gradient(parameters, batch, gradient, RandomStream({}),
                    [&](std::size_t slice) { hooked[slice] = true; });
  const auto ours = slice_views(layout, std::span<const double>(gradient));
  const auto theirs = by_autograd(network, layout, parameters, batch, model.input);
  double whole = 0;
  for (std::size_t i = 0; i < ours.size(); ++i)
    if (layout.slices[i].trainable) whole += std::pow(theirs[i].norm().item<double>(), 2);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double error = (ours[i] - theirs[i]).norm().item<double>();
    EXPECT_LT(error, 1e-10 * std::max(1e-3 * std::sqrt(whole), theirs[i].norm().item<double>()))
        << layout.slices[i].name;
    EXPECT_TRUE(hooked[i]) << layout.slices[i].name;
  }
}

// Two samples of two pixels, 1, 3, 5, 7: mean 4, variance 5, unbiased 20/3. In evaluation the buffers
// as they are: (x - 2) / sqrt(4 + eps).
TEST(BatchNorm, StatisticsByHand) {
  const Model model{
      "norm", {1, 1, 2}, {BatchNorm2d{"bn", 1}, Flatten{}, Linear{"fc", 2, 2, false}}};
  const auto learner = make_torch_learner_double(model);
  ASSERT_EQ(learner->layout().size, 4 + 4);
  const std::vector<double> parameters{1, 0, 2, 4, 1, 0, 0, 1};  // fc: the identity
  const Batch batch{.count = 2, .inputs = {1, 3, 5, 7}, .labels = {0, 1}};
  const auto pass = learner->forward(parameters, batch, RandomStream({}));
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(pass->logits()[i], (batch.inputs[i] - 4) / std::sqrt(5 + 1e-5), 1e-12);
  std::vector<double> gradient(8), logits(4);
  pass->backward(std::vector<double>{1, 0, 0, 0}, gradient, {});
  EXPECT_NEAR(gradient[2], 0.9 * 2 + 0.1 * 4, 1e-12);
  EXPECT_NEAR(gradient[3], 0.9 * 4 + 0.1 * 20 / 3, 1e-12);
  learner->logits(parameters, batch, logits);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(logits[i], (batch.inputs[i] - 2) / std::sqrt(4 + 1e-5), 1e-12);
}

// As tests/golden/torchvision_logits.py fills them.
double uniform(std::uint64_t index, std::uint64_t salt) {
  return static_cast<double>((index + salt) * 2654435761 % (std::uint64_t{1} << 32)) /
             2147483648.0 -
         1;
}
void fill(const Slice& slice, std::uint64_t salt, bool of_norm, std::span<float> out) {
  const bool weight = slice.shape.size() > 1;
  const double fan_in = static_cast<double>(slice.size) / static_cast<double>(slice.shape[0]);
  const bool near_one = slice.name.ends_with("running_var") || of_norm;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double drawn = uniform(i, salt);
    out[i] = static_cast<float>(weight ? drawn * std::sqrt(6 / fan_in)
                                       : (near_one ? 1 : 0) + 0.1 * drawn);
  }
}

TEST(Torchvision, LogitsAreTheSame) {
  std::ifstream file(UNDERSTUDY_SOURCE_DIR "/tests/golden/torchvision_logits.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  for (const auto& [name, expected] : golden.items()) {
    const Model model = make_model(name, 0, {{3, 224, 224}, 1000});
    const auto learner = make_torch_learner(model);
    const Layout& layout = learner->layout();
    ASSERT_EQ(layout.slices.size(), expected["slices"].get<std::size_t>()) << name;
    std::vector<float> parameters(layout.size);
    std::size_t trainable = 0;
    for (std::size_t s = 0; s < layout.slices.size(); ++s) {
      const Slice& slice = layout.slices[s];
      if (slice.trainable) trainable += slice.size;
      const bool of_norm = slice.shape.size() == 1 && slice.name.ends_with(".weight");
      fill(slice, s, of_norm, std::span(parameters).subspan(slice.offset, slice.size));
    }
    EXPECT_EQ(trainable, expected["parameters"].get<std::size_t>()) << name;
    Batch batch{.count = 1, .inputs = {}, .labels = {0}};
    for (std::uint64_t i = 0; i < 3 * 224 * 224; ++i)
      batch.inputs.push_back(static_cast<float>(uniform(i, 12345)));
    std::vector<float> logits(1000);
    learner->logits(parameters, batch, logits);
    for (std::size_t i = 0; i < 10; ++i)
      EXPECT_NEAR(logits[i], expected["logits"][i].get<double>(), 1e-5) << name << " " << i;
  }
}

}  // namespace
}  // namespace understudy
