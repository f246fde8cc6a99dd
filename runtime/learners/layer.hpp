// The layers that models are made of, as plain data.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace understudy {

// How a weight starts. kFanIn: PyTorch's default for Conv2d and Linear, kaiming_uniform with a =
// sqrt(5), which is uniform in +-1/sqrt(fan_in), the bias alike. kFanOut: kaiming_normal for ReLU,
// normal with deviation sqrt(2/fan_out) (both He et al., 2015). kNormal: normal with deviation 0.01.
// The last two, with biases of 0, are how torchvision starts its VGG and ResNet.
enum class Init { kFanIn, kFanOut, kNormal };

// Square kernel, zeros around. Parameters <name>.weight [out, in, kernel, kernel] and, with bias,
// <name>.bias [out].
struct Conv2d {
  std::string name;
  int in = 0;  // channels
  int out = 0;
  int kernel = 0;
  int padding = 0;  // at each side
  bool bias = true;
  int stride = 1;
  Init init = Init::kFanIn;
};
// y = W x + b. Parameters <name>.weight [out, in] and, with bias, <name>.bias [out].
struct Linear {
  std::string name;
  int in = 0;
  int out = 0;
  bool bias = true;
  Init init = Init::kFanIn;
};
// Square windows, side by side where the stride is 0, which stands for the size; a remainder at the
// right and the bottom is dropped. Padding never wins.
struct MaxPool2d {
  int size = 2;
  int padding = 0;  // at each side; at most half of the size
  int stride = 0;
};
inline int stride_of(const MaxPool2d& pool) { return pool.stride == 0 ? pool.size : pool.stride; }
// Means of size x size windows that cover the image, as PyTorch's AdaptiveAvgPool2d takes them.
struct AveragePool2d {
  int size = 1;
};
struct Relu {};
inline constexpr double kNormEpsilon = 1e-5;
// Over `groups` groups of as many channels each, of one sample at a time: (x - mean) /
// sqrt(variance + kNormEpsilon), then scaled and shifted per channel (Wu, He, "Group normalization",
// 2018). Parameters <name>.weight [channels], at first 1, and <name>.bias [channels], at first 0.
struct GroupNorm {
  std::string name;
  int groups = 1;
  int channels = 0;
};
// The same over each channel of the whole batch in training, and with running statistics elsewhere
// (Ioffe, Szegedy, "Batch normalization", 2015). Buffers follow the two parameters:
// <name>.running_mean and <name>.running_var [channels], at first 0 and 1, of which each way forward
// in training makes (1 - kNormMomentum) r + kNormMomentum s, s being the batch's mean or its
// unbiased variance.
inline constexpr double kNormMomentum = 0.1;
struct BatchNorm2d {
  std::string name;
  int channels = 0;
};
// A residual connection: the input of SkipStart is kept and added to that of the SkipAdd that
// follows. What stands between a SkipSwap and the SkipAdd works on what was kept. The layer after
// SkipStart or SkipSwap is no Relu.
struct SkipStart {};
struct SkipSwap {};
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
                           SkipAdd, Scale, AveragePool2d, BatchNorm2d, SkipSwap>;

// The shape of one sample's activations; a vector is {n, 1, 1}.
struct ActivationShape {
  std::int64_t channels = 0;
  std::int64_t rows = 1;
  std::int64_t columns = 1;
  std::int64_t size() const { return channels * rows * columns; }
  bool operator==(const ActivationShape&) const = default;
};

// Activations on their way through layers.
class ShapeFlow {
 public:
  explicit ShapeFlow(const ActivationShape& input) : shape_(input) {}
  // Fails a check where the layer does not fit.
  void pass(const Layer& layer);
  const ActivationShape& shape() const { return shape_; }

 private:
  ActivationShape shape_;
  std::vector<ActivationShape> skips_;
};

// What the layer's slices are called and how they are shaped, in their order: the weight, then the
// bias, then buffers.
struct LayerSlice {
  std::string name;
  std::vector<std::int64_t> shape;
  bool trainable = true;
};
std::vector<LayerSlice> slices_of(const Layer& layer);
inline std::size_t slice_count(const Layer& layer) { return slices_of(layer).size(); }

}  // namespace understudy
