// Models as plain data: layers with their sizes and names. Layout, initialisation and cost follow
// from it without LibTorch; learners/torch computes it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "runtime/learners/learner.hpp"

namespace understudy {

// Square kernel, stride 1, zeros around. Parameters <name>.weight [out, in, kernel, kernel] and,
// with bias, <name>.bias [out].
struct Conv2d {
  std::string name;
  int in = 0;  // channels
  int out = 0;
  int kernel = 0;
  int padding = 0;  // at each side
  bool bias = true;
};
// y = W x + b. Parameters <name>.weight [out, in] and, with bias, <name>.bias [out].
struct Linear {
  std::string name;
  int in = 0;
  int out = 0;
  bool bias = true;
};
// Square windows that do not overlap; a remainder at the right and the bottom is dropped. Padding
// never wins.
struct MaxPool2d {
  int size = 2;
  int padding = 0;  // at each side; at most half of the size
};
struct Relu {};
// Over `groups` groups of as many channels each, of one sample at a time: (x - mean) /
// sqrt(variance + kNormEpsilon), then scaled and shifted per channel (Wu, He, "Group normalization",
// 2018). Parameters <name>.weight [channels], at first 1, and <name>.bias [channels], at first 0.
inline constexpr double kNormEpsilon = 1e-5;
struct GroupNorm {
  std::string name;
  int groups = 1;
  int channels = 0;
};
// A residual connection: the input of SkipStart is added to that of the SkipAdd that follows. The
// layer after SkipStart is no Relu.
struct SkipStart {};
struct SkipAdd {};
struct Scale {
  double factor = 1;
};
// [channels, rows, columns] to one vector, row-major.
struct Flatten {};
// Zeroes each element with this probability and scales the others by 1 / (1 - probability);
// training only.
struct Dropout {
  double probability = 0;
};
using Layer = std::variant<Conv2d, Linear, MaxPool2d, Relu, Flatten, Dropout, GroupNorm, SkipStart,
                           SkipAdd, Scale>;

// The shape of one sample's activations; a vector is {n, 1, 1}.
struct ActivationShape {
  std::int64_t channels = 0;
  std::int64_t rows = 1;
  std::int64_t columns = 1;
  std::int64_t size() const { return channels * rows * columns; }
  bool operator==(const ActivationShape&) const = default;
};

// A classifier: logits, then mean cross entropy.
struct Model {
  std::string name;
  ActivationShape input{1, 28, 28};
  std::vector<Layer> layers;
};

// What a classifier is for: the images of a data set.
struct ImageShape {
  ActivationShape image{1, 28, 28};
  int classes = 10;
  bool operator==(const ImageShape&) const = default;
};
inline constexpr int kLeastImageSide = 28;  // of every model, rows and columns

std::vector<std::string> model_names();
// For ten classes of 28x28 images of one channel: `cnn` (1,199,882 parameters), `lenet` (21,840), `small_cnn` (18,378),
// `logistic` (7,850), `two_nn` (238,800), `two_cnn` (721,200; 722,800 with three channels), `vgg9`
// or `resnet9`. The first layer takes the channels, the last one gives the classes, and the layer
// after Flatten takes what the image's size leaves. `dropout` 0 leaves the dropout layers out. Throws
// ScenarioError naming the nearest for an unknown name.
Model make_model(const std::string& name, double dropout, const ImageShape& images = {});

// The shape that leaves a layer. Fails a check where the layer does not fit its input.
ActivationShape output_shape(const Layer& layer, const ActivationShape& input);
std::int64_t class_count(const Model& model);
// Slices that hold the layer's parameters: none, its weight, or its weight and its bias.
std::size_t slice_count(const Layer& layer);

// Slices in forward order, each layer's weight before its bias, named as in the matching torch
// module's state_dict.
Layout make_layout(const Model& model);

// PyTorch's default for Conv2d and Linear, kaiming_uniform with a = sqrt(5): uniform in
// +-1/sqrt(fan_in), weights and biases alike (He et al., 2015).
template <class Scalar>
void initialise(const Model& model, RandomStream stream, std::span<Scalar> out);

// The kernels of one training step over `count` samples in fp32, as an eager framework launches
// them: one per layer forward; backward in reverse one each for the bias's, the weight's and the
// input's gradient, none for the input of the first layer that has parameters. Operations: two per
// multiply-add, one per addition or comparison. Bytes: every operand once.
Cost training_cost(const Model& model, std::size_t count);
// Copy, forward and loss over `count` samples, all of phase kEvaluate but for the copy.
Cost evaluation_cost(const Model& model, std::size_t count);

// The parts of a learner that follow from the model alone.
template <class Scalar>
class ModelLearner : public BasicLearner<Scalar> {
 public:
  explicit ModelLearner(Model model) : model_(std::move(model)), layout_(make_layout(model_)) {}
  const Layout& layout() const override { return layout_; }
  void initial(RandomStream stream, std::span<Scalar> out) const override {
    initialise(model_, stream, out);
  }
  Cost cost(std::size_t count) const override { return training_cost(model_, count); }
  const Model& model() const { return model_; }

 private:
  Model model_;
  Layout layout_;
};

// Stands in where only times are wanted: computing with it is an error of ours.
class DryLearner final : public ModelLearner<float> {
 public:
  using ModelLearner::ModelLearner;
  double gradient(std::span<const float> parameters, const Batch& batch, std::span<float> gradient,
                  RandomStream random, const GradientHook& hook) const override;
  std::unique_ptr<BatchHessian<float>> hessian(std::span<const float> parameters,
                                               const Batch& batch) const override;
  Evaluation evaluate(std::span<const float> parameters, const BatchSource& source,
                      std::size_t first, std::size_t count) const override;
};

}  // namespace understudy
