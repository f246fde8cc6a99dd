#include "runtime/learners/layer.hpp"

#include <algorithm>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// Windows of `size` along an extent with padding at both ends.
std::int64_t windows(std::int64_t extent, int size, int padding, int stride) {
  UNDERSTUDY_CHECK(size > 0 && padding >= 0 && stride > 0 && extent + 2 * padding >= size);
  return (extent + 2 * padding - size) / stride + 1;
}

struct ShapeAfter {
  const ActivationShape& input;

  ActivationShape operator()(const Conv2d& conv) const {
    UNDERSTUDY_CHECK(input.channels == conv.in);
    return {conv.out, windows(input.rows, conv.kernel, conv.padding, conv.stride),
            windows(input.columns, conv.kernel, conv.padding, conv.stride)};
  }
  ActivationShape operator()(const Linear& linear) const {
    UNDERSTUDY_CHECK((input == ActivationShape{linear.in, 1, 1}));
    return {linear.out, 1, 1};
  }
  ActivationShape operator()(const MaxPool2d& pool) const {
    UNDERSTUDY_CHECK(2 * pool.padding <= pool.size);
    return {input.channels, windows(input.rows, pool.size, pool.padding, stride_of(pool)),
            windows(input.columns, pool.size, pool.padding, stride_of(pool))};
  }
  ActivationShape operator()(const AveragePool2d& pool) const {
    UNDERSTUDY_CHECK(pool.size > 0);
    return {input.channels, pool.size, pool.size};
  }
  ActivationShape operator()(const Flatten&) const { return {input.size(), 1, 1}; }
  ActivationShape operator()(const GroupNorm& norm) const {
    UNDERSTUDY_CHECK(input.channels == norm.channels && norm.channels % norm.groups == 0);
    return input;
  }
  ActivationShape operator()(const BatchNorm2d& norm) const {
    UNDERSTUDY_CHECK(input.channels == norm.channels);
    return input;
  }
  ActivationShape operator()(const auto&) const { return input; }
};

// Weight and bias; the latter where there is one.
std::vector<LayerSlice> weighted(const std::string& name, std::vector<std::int64_t> shape,
                                 bool bias) {
  std::vector<LayerSlice> slices{{name + ".weight", shape}};
  if (bias) slices.push_back({name + ".bias", {shape[0]}});
  return slices;
}

struct SlicesOf {
  std::vector<LayerSlice> operator()(const Conv2d& conv) const {
    return weighted(conv.name, {conv.out, conv.in, conv.kernel, conv.kernel}, conv.bias);
  }
  std::vector<LayerSlice> operator()(const Linear& linear) const {
    return weighted(linear.name, {linear.out, linear.in}, linear.bias);
  }
  std::vector<LayerSlice> operator()(const GroupNorm& norm) const {
    return weighted(norm.name, {norm.channels}, true);
  }
  std::vector<LayerSlice> operator()(const BatchNorm2d& norm) const {
    auto slices = weighted(norm.name, {norm.channels}, true);
    slices.push_back({norm.name + ".running_mean", {norm.channels}, false});
    slices.push_back({norm.name + ".running_var", {norm.channels}, false});
    return slices;
  }
  std::vector<LayerSlice> operator()(const auto&) const { return {}; }
};

}  // namespace

void ShapeFlow::pass(const Layer& layer) {
  if (std::holds_alternative<SkipStart>(layer)) skips_.push_back(shape_);
  UNDERSTUDY_CHECK(!skips_.empty() || !(std::holds_alternative<SkipSwap>(layer) ||
                                        std::holds_alternative<SkipAdd>(layer)));
  if (std::holds_alternative<SkipSwap>(layer)) std::swap(shape_, skips_.back());
  if (std::holds_alternative<SkipAdd>(layer)) {
    UNDERSTUDY_CHECK(shape_ == skips_.back());
    skips_.pop_back();
  }
  shape_ = std::visit(ShapeAfter{shape_}, layer);
}

std::vector<LayerSlice> slices_of(const Layer& layer) { return std::visit(SlicesOf{}, layer); }

}  // namespace understudy
