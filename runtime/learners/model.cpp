#include "runtime/learners/model.hpp"

#include <fmt/format.h>

#include <cmath>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"

namespace understudy {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

// The layers of PyTorch's MNIST example.
std::vector<Layer> cnn_layers(int channels) {
  return {Conv2d{"conv1", channels, 32, 3},
          Relu{},
          Conv2d{"conv2", 32, 64, 3},
          Relu{},
          MaxPool2d{2},
          Dropout{},
          Flatten{},
          Linear{"fc1", 9216, 128},
          Relu{},
          Dropout{},
          Linear{"fc2", 128, 10}};
}

std::vector<Layer> lenet_layers(int channels) {
  return {Conv2d{"conv1", channels, 10, 5},
          MaxPool2d{2},
          Relu{},
          Conv2d{"conv2", 10, 20, 5},
          Dropout{},
          MaxPool2d{2},
          Relu{},
          Flatten{},
          Linear{"fc1", 320, 50},
          Relu{},
          Dropout{},
          Linear{"fc2", 50, 10}};
}

std::vector<Layer> logistic_layers(int channels) {
  return {Flatten{}, Linear{"fc", 784 * channels, 10}};
}

Linear without_bias(const char* name, int in, int out) {
  return {.name = name, .in = in, .out = out, .bias = false};
}

Conv2d padded_without_bias(const char* name, int in, int out) {
  return {.name = name, .in = in, .out = out, .kernel = 5, .padding = 1, .bias = false};
}

// TwoNN and TwoCNN as SuPerFed's authors built them (Hahn, Jeong, Lee, KDD 2022, after McMahan et
// al., 2017): without biases.
std::vector<Layer> two_nn_layers(int channels) {
  return {Flatten{}, without_bias("fc1", 784 * channels, 200),
          Relu{},    without_bias("fc2", 200, 200),
          Relu{},    without_bias("fc3", 200, 200),
          Relu{},    without_bias("fc4", 200, 10)};
}

std::vector<Layer> two_cnn_layers(int channels) {
  return {padded_without_bias("conv1", channels, 32),
          Relu{},
          MaxPool2d{2, 1},
          padded_without_bias("conv2", 32, 64),
          Relu{},
          MaxPool2d{2, 1},
          Flatten{},
          without_bias("fc1", 64 * 7 * 7, 200),
          Relu{},
          without_bias("fc2", 200, 200),
          Relu{},
          without_bias("fc3", 200, 10)};
}

struct NamedLayers {
  const char* name;
  std::vector<Layer> (*layers)(int channels);
};
constexpr NamedLayers kModels[] = {{"cnn", cnn_layers},
                                   {"lenet", lenet_layers},
                                   {"logistic", logistic_layers},
                                   {"two_nn", two_nn_layers},
                                   {"two_cnn", two_cnn_layers}};

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

void append(Layout& layout, std::string name, std::vector<std::int64_t> shape) {
  std::size_t size = 1;
  for (const std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
  layout.slices.push_back({std::move(name), std::move(shape), layout.size, size, true});
  layout.size += size;
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const NamedLayers& model : kModels) names.emplace_back(model.name);
  return names;
}

Model make_model(const std::string& name, double dropout, int channels) {
  UNDERSTUDY_CHECK(dropout >= 0 && dropout < 1 && channels > 0);
  for (const NamedLayers& model : kModels) {
    if (name == model.name)
      return {name, {channels, 28, 28}, with_dropout(model.layers(channels), dropout)};
  }
  const std::string nearest = nearest_name(name, model_names());
  throw ScenarioError(
      fmt::format("there is no model '{}'{}", name,
                  nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

ActivationShape output_shape(const Layer& layer, const ActivationShape& input) {
  return std::visit(Overloaded{
                        [&](const Conv2d& conv) -> ActivationShape {
                          const std::int64_t lost = conv.kernel - 1 - 2 * conv.padding;
                          UNDERSTUDY_CHECK(input.channels == conv.in && conv.padding >= 0 &&
                                           input.rows > lost && input.columns > lost);
                          return {conv.out, input.rows - lost, input.columns - lost};
                        },
                        [&](const Linear& linear) -> ActivationShape {
                          UNDERSTUDY_CHECK((input == ActivationShape{linear.in, 1, 1}));
                          return {linear.out, 1, 1};
                        },
                        [&](const MaxPool2d& pool) -> ActivationShape {
                          const std::int64_t rows = input.rows + 2 * pool.padding;
                          const std::int64_t columns = input.columns + 2 * pool.padding;
                          UNDERSTUDY_CHECK(pool.padding >= 0 && 2 * pool.padding <= pool.size &&
                                           rows >= pool.size && columns >= pool.size);
                          return {input.channels, rows / pool.size, columns / pool.size};
                        },
                        [&](const Relu&) { return input; },
                        [&](const Flatten&) -> ActivationShape {
                          return {input.size(), 1, 1};
                        },
                        [&](const Dropout&) { return input; },
                    },
                    layer);
}

std::int64_t class_count(const Model& model) {
  ActivationShape shape = model.input;
  for (const Layer& layer : model.layers) shape = output_shape(layer, shape);
  return shape.size();
}

std::size_t slice_count(const Layer& layer) {
  if (const auto* conv = std::get_if<Conv2d>(&layer)) return conv->bias ? 2 : 1;
  if (const auto* linear = std::get_if<Linear>(&layer)) return linear->bias ? 2 : 1;
  return 0;
}

Layout make_layout(const Model& model) {
  Layout layout;
  for (const Layer& layer : model.layers) {
    if (const auto* conv = std::get_if<Conv2d>(&layer)) {
      append(layout, conv->name + ".weight", {conv->out, conv->in, conv->kernel, conv->kernel});
      if (conv->bias) append(layout, conv->name + ".bias", {conv->out});
    } else if (const auto* linear = std::get_if<Linear>(&layer)) {
      append(layout, linear->name + ".weight", {linear->out, linear->in});
      if (linear->bias) append(layout, linear->name + ".bias", {linear->out});
    }
  }
  return layout;
}

template <class Scalar>
void initialise(const Model& model, RandomStream stream, std::span<Scalar> out) {
  const auto draw = [&](std::int64_t fan_in, std::int64_t outputs, bool bias) {
    const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
    // The weight, then the bias.
    const auto count = static_cast<std::size_t>(outputs * fan_in + (bias ? outputs : 0));
    UNDERSTUDY_CHECK(out.size() >= count);
    for (Scalar& value : out.first(count))
      value = static_cast<Scalar>(stream.uniform(-bound, bound));
    out = out.subspan(count);
  };
  for (const Layer& layer : model.layers) {
    if (const auto* conv = std::get_if<Conv2d>(&layer))
      draw(conv->in * conv->kernel * conv->kernel, conv->out, conv->bias);
    if (const auto* linear = std::get_if<Linear>(&layer))
      draw(linear->in, linear->out, linear->bias);
  }
  UNDERSTUDY_CHECK(out.empty());
}

template void initialise<float>(const Model&, RandomStream, std::span<float>);
template void initialise<double>(const Model&, RandomStream, std::span<double>);

double DryLearner::gradient(std::span<const float>, const Batch&, std::span<float>, RandomStream,
                            const GradientHook&) const {
  UNDERSTUDY_CHECK(!"a dry learner computes nothing");
  return 0;
}

std::unique_ptr<BatchHessian<float>> DryLearner::hessian(std::span<const float>,
                                                         const Batch&) const {
  UNDERSTUDY_CHECK(!"a dry learner computes nothing");
  return nullptr;
}

Evaluation DryLearner::evaluate(std::span<const float>, const BatchSource&, std::size_t,
                                std::size_t) const {
  UNDERSTUDY_CHECK(!"a dry learner computes nothing");
  return {};
}

}  // namespace understudy
