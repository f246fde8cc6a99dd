#include "runtime/learners/model.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

void append(Layout& layout, std::string name, std::vector<std::int64_t> shape) {
  std::size_t size = 1;
  for (const std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
  layout.slices.push_back({std::move(name), std::move(shape), layout.size, size, true});
  layout.size += size;
}

}  // namespace

ActivationShape output_shape(const Layer& layer, const ActivationShape& input) {
  return std::visit(
      Overloaded{
          [&](const Conv2d& conv) -> ActivationShape {
            const std::int64_t lost = conv.kernel - 1 - 2 * conv.padding;
            UNDERSTUDY_CHECK(input.channels == conv.in && conv.padding >= 0 && input.rows > lost &&
                             input.columns > lost);
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
          [&](const Flatten&) -> ActivationShape {
            return {input.size(), 1, 1};
          },
          [&](const GroupNorm& norm) {
            UNDERSTUDY_CHECK(input.channels == norm.channels && norm.channels % norm.groups == 0);
            return input;
          },
          [&](const auto&) { return input; },
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
  return std::holds_alternative<GroupNorm>(layer) ? 2 : 0;
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
    } else if (const auto* norm = std::get_if<GroupNorm>(&layer)) {
      append(layout, norm->name + ".weight", {norm->channels});
      append(layout, norm->name + ".bias", {norm->channels});
    }
  }
  return layout;
}

template <class Scalar>
void initialise(const Model& model, RandomStream stream, std::span<Scalar> out) {
  const auto take = [&](std::int64_t count) {
    UNDERSTUDY_CHECK(out.size() >= static_cast<std::size_t>(count));
    const auto taken = out.first(static_cast<std::size_t>(count));
    out = out.subspan(taken.size());
    return taken;
  };
  const auto draw = [&](std::int64_t fan_in, std::int64_t outputs, bool bias) {
    const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
    // The weight, then the bias.
    for (Scalar& value : take(outputs * fan_in + (bias ? outputs : 0)))
      value = static_cast<Scalar>(stream.uniform(-bound, bound));
  };
  for (const Layer& layer : model.layers) {
    if (const auto* conv = std::get_if<Conv2d>(&layer))
      draw(conv->in * conv->kernel * conv->kernel, conv->out, conv->bias);
    if (const auto* linear = std::get_if<Linear>(&layer))
      draw(linear->in, linear->out, linear->bias);
    if (const auto* norm = std::get_if<GroupNorm>(&layer)) {
      std::ranges::fill(take(norm->channels), Scalar{1});
      std::ranges::fill(take(norm->channels), Scalar{0});
    }
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
