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
std::vector<Layer> cnn_layers() {
  return {Conv2d{"conv1", 1, 32, 3},
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

std::vector<Layer> lenet_layers() {
  return {Conv2d{"conv1", 1, 10, 5},
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

std::vector<Layer> logistic_layers() { return {Flatten{}, Linear{"fc", 784, 10}}; }

struct NamedLayers {
  const char* name;
  std::vector<Layer> (*layers)();
};
constexpr NamedLayers kModels[] = {
    {"cnn", cnn_layers}, {"lenet", lenet_layers}, {"logistic", logistic_layers}};

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

Model make_model(const std::string& name, double dropout) {
  UNDERSTUDY_CHECK(dropout >= 0 && dropout < 1);
  for (const NamedLayers& model : kModels) {
    if (name == model.name) return {name, {1, 28, 28}, with_dropout(model.layers(), dropout)};
  }
  const std::string nearest = nearest_name(name, model_names());
  throw ScenarioError(
      fmt::format("there is no model '{}'{}", name,
                  nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

ActivationShape output_shape(const Layer& layer, const ActivationShape& input) {
  return std::visit(
      Overloaded{
          [&](const Conv2d& conv) -> ActivationShape {
            UNDERSTUDY_CHECK(input.channels == conv.in && input.rows >= conv.kernel &&
                             input.columns >= conv.kernel);
            return {conv.out, input.rows - conv.kernel + 1, input.columns - conv.kernel + 1};
          },
          [&](const Linear& linear) -> ActivationShape {
            UNDERSTUDY_CHECK((input == ActivationShape{linear.in, 1, 1}));
            return {linear.out, 1, 1};
          },
          [&](const MaxPool2d& pool) -> ActivationShape {
            UNDERSTUDY_CHECK(pool.size > 0 && input.rows >= pool.size &&
                             input.columns >= pool.size);
            return {input.channels, input.rows / pool.size, input.columns / pool.size};
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

Layout make_layout(const Model& model) {
  Layout layout;
  for (const Layer& layer : model.layers) {
    if (const auto* conv = std::get_if<Conv2d>(&layer)) {
      append(layout, conv->name + ".weight", {conv->out, conv->in, conv->kernel, conv->kernel});
      append(layout, conv->name + ".bias", {conv->out});
    } else if (const auto* linear = std::get_if<Linear>(&layer)) {
      append(layout, linear->name + ".weight", {linear->out, linear->in});
      append(layout, linear->name + ".bias", {linear->out});
    }
  }
  return layout;
}

template <class Scalar>
void initialise(const Model& model, RandomStream stream, std::span<Scalar> out) {
  const auto draw = [&](std::int64_t fan_in, std::int64_t outputs) {
    const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
    const auto count = static_cast<std::size_t>(outputs * fan_in + outputs);  // weight, then bias
    UNDERSTUDY_CHECK(out.size() >= count);
    for (Scalar& value : out.first(count))
      value = static_cast<Scalar>(stream.uniform(-bound, bound));
    out = out.subspan(count);
  };
  for (const Layer& layer : model.layers) {
    if (const auto* conv = std::get_if<Conv2d>(&layer))
      draw(conv->in * conv->kernel * conv->kernel, conv->out);
    if (const auto* linear = std::get_if<Linear>(&layer)) draw(linear->in, linear->out);
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
