// Models by name.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/learners/files/state_dictionary.hpp"
#include "runtime/learners/large_models.hpp"

namespace understudy {
namespace {

Conv2d conv(const char* name, int out, int kernel) {
  Conv2d conv;
  conv.name = name;
  conv.out = out;
  conv.kernel = kernel;
  return conv;
}
Conv2d conv3_same(const char* name, int out) {
  Conv2d same = conv(name, out, 3);
  same.padding = 1;
  return same;
}
Conv2d conv5_padded(const char* name, int out) {
  Conv2d padded = conv(name, out, 5);
  padded.padding = 1;
  padded.bias = false;
  return padded;
}
Linear linear(const char* name, int out) {
  Linear linear;
  linear.name = name;
  linear.out = out;
  return linear;
}
Linear linear_without_bias(const char* name, int out) {
  Linear layer = linear(name, out);
  layer.bias = false;
  return layer;
}

// The layers of PyTorch's MNIST example.
std::vector<Layer> cnn_layers(const ImageShape& images) {
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
          linear("fc2", images.classes)};
}

std::vector<Layer> lenet_layers(const ImageShape& images) {
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
          linear("fc2", images.classes)};
}

// As in simulators' benchmarks of federated learning.
std::vector<Layer> small_cnn_layers(const ImageShape& images) {
  return {conv("conv1", 16, 5),
          Relu{},
          MaxPool2d{2},
          conv("conv2", 32, 5),
          Relu{},
          MaxPool2d{2},
          Flatten{},
          linear("fc", images.classes)};
}

std::vector<Layer> logistic_layers(const ImageShape& images) {
  return {Flatten{}, linear("fc", images.classes)};
}

// TwoNN and TwoCNN as SuPerFed's authors built them (Hahn, Jeong, Lee, KDD 2022, after McMahan et
// al., 2017): without biases.
std::vector<Layer> two_nn_layers(const ImageShape& images) {
  return {Flatten{}, linear_without_bias("fc1", 200),
          Relu{},    linear_without_bias("fc2", 200),
          Relu{},    linear_without_bias("fc3", 200),
          Relu{},    linear_without_bias("fc4", images.classes)};
}

std::vector<Layer> two_cnn_layers(const ImageShape& images) {
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
          linear_without_bias("fc3", images.classes)};
}

// VGG-9 as in FedMA's appendix (Wang et al., "Federated learning with matched averaging", ICLR 2020):
// 3,491,530 parameters for ten classes of 3x32x32.
std::vector<Layer> vgg9_layers(const ImageShape& images) {
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
          linear("fc3", images.classes)};
}

struct NamedModel {
  const char* name;
  LayersFor layers;
  int least_side = kLeastImageSide;
};
const std::vector<NamedModel>& models() {
  static const std::vector<NamedModel> known{
      {"cnn", cnn_layers},
      {"lenet", lenet_layers},
      {"small_cnn", small_cnn_layers},
      {"logistic", logistic_layers},
      {"two_nn", two_nn_layers},
      {"two_cnn", two_cnn_layers},
      {"vgg9", vgg9_layers},
      {"vgg11", vgg_layers(11), kLeastVggSide},
      {"vgg13", vgg_layers(13), kLeastVggSide},
      {"vgg16", vgg_layers(16), kLeastVggSide},
      {"vgg19", vgg_layers(19), kLeastVggSide},
      {"vgg11_bn", vgg_layers(11, VggNorm::kBatch), kLeastVggSide},
      {"vgg13_bn", vgg_layers(13, VggNorm::kBatch), kLeastVggSide},
      {"vgg16_bn", vgg_layers(16, VggNorm::kBatch), kLeastVggSide},
      {"vgg19_bn", vgg_layers(19, VggNorm::kBatch), kLeastVggSide},
      {"resnet9", resnet9_layers},
      {"resnet18", resnet18_layers}};
  return known;
}

const NamedModel& named(const std::string& name) {
  const auto found = std::ranges::find(models(), name, &NamedModel::name);
  if (found != models().end()) return *found;
  const std::string nearest = nearest_name(name, model_names());
  throw ScenarioError(
      fmt::format("there is no model '{}'{}", name,
                  nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

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

// Layers leave out what their input decides. Nothing is averaged where there is no more than asked
// for.
std::vector<Layer> fitted(const std::vector<Layer>& layers, const ActivationShape& image) {
  std::vector<Layer> fitted;
  ShapeFlow flow(image);
  for (Layer layer : layers) {
    const ActivationShape& shape = flow.shape();
    if (auto* conv = std::get_if<Conv2d>(&layer)) conv->in = static_cast<int>(shape.channels);
    if (auto* linear = std::get_if<Linear>(&layer)) linear->in = static_cast<int>(shape.size());
    if (auto* norm = std::get_if<BatchNorm2d>(&layer))
      norm->channels = static_cast<int>(shape.channels);
    if (auto* pool = std::get_if<MaxPool2d>(&layer); pool != nullptr && pool->size == kWholeImage)
      pool->size = static_cast<int>(std::min(shape.rows, shape.columns));
    if (const auto* pool = std::get_if<AveragePool2d>(&layer);
        pool != nullptr && pool->size == shape.rows && pool->size == shape.columns)
      continue;
    flow.pass(layer);
    fitted.push_back(std::move(layer));
  }
  return fitted;
}

Model scripted_model(const ModelConfig& config, const ImageShape& images) {
  ScriptedFile file = read_scripted_module(config.file.path);
  const double flops = config.flops.value_or(flops_estimate(file.layout));
  Model model{.name = config.file.path, .input = images.image, .layers = {}};
  model.scripted = {config.file.path, std::move(file.layout), images.classes, flops};
  model.start = std::make_shared<const std::vector<float>>(std::move(file.values));
  return model;
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const NamedModel& model : models()) names.emplace_back(model.name);
  return names;
}

int least_image_side(const std::string& name) { return named(name).least_side; }
int least_image_side(const ModelConfig& config) {
  return config.kind == kTorchscript ? 1 : least_image_side(config.kind);
}

Model make_model(const std::string& name, double dropout, const ImageShape& images) {
  const ActivationShape& image = images.image;
  UNDERSTUDY_CHECK(dropout >= 0 && dropout < 1 && images.classes > 0 && image.channels > 0);
  const NamedModel& model = named(name);
  if (image.rows < model.least_side || image.columns < model.least_side) {
    throw ScenarioError(fmt::format("the model {} takes images of {}x{} or more, not of {}x{}",
                                    name, model.least_side, model.least_side, image.rows,
                                    image.columns));
  }
  return {name, image, fitted(with_dropout(model.layers(images), dropout), image)};
}

Model make_model(const ModelConfig& config, double dropout, const ImageShape& images) {
  Model model = config.kind == kTorchscript ? scripted_model(config, images)
                                            : make_model(config.kind, dropout, images);
  const std::string& file = config.weights.path;
  if (file.empty()) return model;
  model.start = std::make_shared<const std::vector<float>>(
      values_for(make_layout(model), read_state_dictionary(file), file, model.name));
  return model;
}

}  // namespace understudy
