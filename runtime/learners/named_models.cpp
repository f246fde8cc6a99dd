// Named models. Layers leave out what their input decides: make_model fills it in.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/learners/model.hpp"

namespace understudy {
namespace {

constexpr int kByInput = 0;
constexpr int kWhole = 0;  // of a pooling window: as much as there is

Conv2d conv(const char* name, int out, int kernel) {
  return {.name = name, .in = kByInput, .out = out, .kernel = kernel, .padding = 0, .bias = true};
}
Conv2d conv3_same(const char* name, int out) {
  return {.name = name, .in = kByInput, .out = out, .kernel = 3, .padding = 1, .bias = true};
}
Conv2d without_bias(Conv2d conv) {
  conv.bias = false;
  return conv;
}
Conv2d conv5_padded(const char* name, int out) {
  return {.name = name, .in = kByInput, .out = out, .kernel = 5, .padding = 1, .bias = false};
}
Linear linear(const char* name, int out) {
  return {.name = name, .in = kByInput, .out = out, .bias = true};
}
Linear linear_without_bias(const char* name, int out) {
  return {.name = name, .in = kByInput, .out = out, .bias = false};
}

// The layers of PyTorch's MNIST example.
std::vector<Layer> cnn_layers(int classes) {
  return {conv("conv1", 32, 3),
          Relu{},
          conv("conv2", 64, 3),
          Relu{},
          MaxPool2d{2},
          Dropout{},
          Flatten{},
          linear("fc1", 128),
          Relu{},
          Dropout{},
          linear("fc2", classes)};
}

std::vector<Layer> lenet_layers(int classes) {
  return {conv("conv1", 10, 5),
          MaxPool2d{2},
          Relu{},
          conv("conv2", 20, 5),
          Dropout{},
          MaxPool2d{2},
          Relu{},
          Flatten{},
          linear("fc1", 50),
          Relu{},
          Dropout{},
          linear("fc2", classes)};
}

// As in simulators' benchmarks of federated learning.
std::vector<Layer> small_cnn_layers(int classes) {
  return {conv("conv1", 16, 5), Relu{},    MaxPool2d{2},         conv("conv2", 32, 5), Relu{},
          MaxPool2d{2},         Flatten{}, linear("fc", classes)};
}

std::vector<Layer> logistic_layers(int classes) { return {Flatten{}, linear("fc", classes)}; }

// TwoNN and TwoCNN as SuPerFed's authors built them (Hahn, Jeong, Lee, KDD 2022, after McMahan et
// al., 2017): without biases.
std::vector<Layer> two_nn_layers(int classes) {
  return {Flatten{}, linear_without_bias("fc1", 200), Relu{}, linear_without_bias("fc2", 200),
          Relu{},    linear_without_bias("fc3", 200), Relu{}, linear_without_bias("fc4", classes)};
}

std::vector<Layer> two_cnn_layers(int classes) {
  return {conv5_padded("conv1", 32),
          Relu{},
          MaxPool2d{2, 1},
          conv5_padded("conv2", 64),
          Relu{},
          MaxPool2d{2, 1},
          Flatten{},
          linear_without_bias("fc1", 200),
          Relu{},
          linear_without_bias("fc2", 200),
          Relu{},
          linear_without_bias("fc3", classes)};
}

// VGG-9 as in FedMA's appendix (Wang et al., "Federated learning with matched averaging", ICLR 2020):
// 3,491,530 parameters for ten classes of 3x32x32.
std::vector<Layer> vgg9_layers(int classes) {
  return {conv3_same("conv1", 32),
          Relu{},
          conv3_same("conv2", 64),
          Relu{},
          MaxPool2d{2},
          conv3_same("conv3", 128),
          Relu{},
          conv3_same("conv4", 128),
          Relu{},
          MaxPool2d{2},
          conv3_same("conv5", 256),
          Relu{},
          conv3_same("conv6", 256),
          Relu{},
          MaxPool2d{2},
          Flatten{},
          Dropout{},
          linear("fc1", 512),
          Relu{},
          linear("fc2", 512),
          Relu{},
          Dropout{},
          linear("fc3", classes)};
}

// The ResNet of DAWNBench (D. Page, "How to train your ResNet", 2018), with group normalisation in
// 32 groups for its batch normalisation, whose statistics suffer where clients' samples differ
// (Hsieh et al., "The non-IID data quagmire of decentralized machine learning", ICML 2020).
class ResNet9 {
 public:
  explicit ResNet9(int classes) {
    block(64);
    block(128, kPooled);
    residual(128);
    block(256, kPooled);
    block(512, kPooled);
    residual(512);
    add({MaxPool2d{kWhole}, Flatten{}, linear_without_bias("fc", classes), Scale{0.125}});
  }
  std::vector<Layer> layers() && { return std::move(layers_); }

 private:
  static constexpr int kGroups = 32;
  static constexpr bool kPooled = true;

  void add(std::vector<Layer> layers) {
    layers_.insert(layers_.end(), layers.begin(), layers.end());
  }
  void block(int channels, bool pooled = false) {
    ++blocks_;
    const std::string conv = fmt::format("conv{}", blocks_), norm = fmt::format("norm{}", blocks_);
    add({without_bias(conv3_same(conv.c_str(), channels)), GroupNorm{norm, kGroups, channels},
         Relu{}});
    if (pooled) add({MaxPool2d{2}});
  }
  void residual(int channels) {
    add({SkipStart{}});
    block(channels);
    block(channels);
    add({SkipAdd{}});
  }

  std::vector<Layer> layers_;
  int blocks_ = 0;
};

std::vector<Layer> resnet9_layers(int classes) { return ResNet9(classes).layers(); }

struct NamedLayers {
  const char* name;
  std::vector<Layer> (*layers)(int classes);
};
constexpr NamedLayers kModels[] = {
    {"cnn", cnn_layers},           {"lenet", lenet_layers},    {"small_cnn", small_cnn_layers},
    {"logistic", logistic_layers}, {"two_nn", two_nn_layers},  {"two_cnn", two_cnn_layers},
    {"vgg9", vgg9_layers},         {"resnet9", resnet9_layers}};

// Sets the probability of every dropout layer, or removes them for 0.
std::vector<Layer> with_dropout(std::vector<Layer> layers, double probability) {
  if (probability == 0) {
    std::erase_if(layers,
                  [](const Layer& layer) { return std::holds_alternative<Dropout>(layer); });
  }
  for (Layer& layer : layers) {
    if (auto* dropout = std::get_if<Dropout>(&layer)) dropout->probability = probability;
  }
  return layers;
}

std::vector<Layer> fitted(std::vector<Layer> layers, ActivationShape shape) {
  for (Layer& layer : layers) {
    if (auto* conv = std::get_if<Conv2d>(&layer)) conv->in = static_cast<int>(shape.channels);
    if (auto* linear = std::get_if<Linear>(&layer)) linear->in = static_cast<int>(shape.size());
    if (auto* pool = std::get_if<MaxPool2d>(&layer); pool != nullptr && pool->size == kWhole)
      pool->size = static_cast<int>(std::min(shape.rows, shape.columns));
    shape = output_shape(layer, shape);
  }
  return layers;
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const NamedLayers& model : kModels) names.emplace_back(model.name);
  return names;
}

Model make_model(const std::string& name, double dropout, const ImageShape& images) {
  const ActivationShape& image = images.image;
  UNDERSTUDY_CHECK(dropout >= 0 && dropout < 1 && images.classes > 0 && image.channels > 0 &&
                   image.rows >= kLeastImageSide && image.columns >= kLeastImageSide);
  for (const NamedLayers& model : kModels) {
    if (name == model.name)
      return {name, image, fitted(with_dropout(model.layers(images.classes), dropout), image)};
  }
  const std::string nearest = nearest_name(name, model_names());
  throw ScenarioError(
      fmt::format("there is no model '{}'{}", name,
                  nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

}  // namespace understudy
