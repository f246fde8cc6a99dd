#include "runtime/learners/torch/stages.hpp"

#include <ATen/Dispatch.h>

#include <algorithm>

#include "runtime/base/errors.hpp"
#include "runtime/learners/torch/parameter_stage.hpp"
#include "runtime/learners/torch/pooling.hpp"
#include "runtime/learners/torch/small_conv.hpp"

namespace understudy {
namespace {

constexpr at::MemoryFormat kChannelsLast = at::MemoryFormat::ChannelsLast;

bool is_side_by_side(const MaxPool2d& pool) {
  return pool.padding == 0 && stride_of(pool) == pool.size;
}

at::Tensor take_skip(Pass& pass) {
  UNDERSTUDY_CHECK(!pass.skips.empty());
  at::Tensor skip = std::move(pass.skips.back());
  pass.skips.pop_back();
  return skip;
}

class ConvStage final : public ParameterStage {
 public:
  ConvStage(const Conv2d& layer, std::size_t weight)
      : ParameterStage(weight, layer.bias),
        stride_{layer.stride, layer.stride},
        padding_{layer.padding, layer.padding} {}

  at::Tensor forward(Pass& pass, at::Tensor input, Saved& saved) const override {
    at::Tensor weights = weight(pass).contiguous(kChannelsLast);
    at::Tensor output =
        at::convolution(input, weights, bias(pass), stride_, padding_, {1, 1}, false, {0, 0}, 1);
    if (pass.training) saved = {input, weights};
    return output;
  }

  at::Tensor backward(Pass& pass, at::Tensor gradient, const Saved& saved, const Gradients& out,
                      bool input_gradient) const override {
    const auto [none, weights, biases] =
        differentiate(pass, gradient, saved, {false, true, has_bias()});
    weight_gradient(out).copy_(weights);
    if (has_bias()) bias_gradient(out).copy_(biases);
    announce(out);
    if (!input_gradient) return {};
    return std::get<0>(differentiate(pass, gradient, saved, {true, false, false}));
  }

 private:
  std::tuple<at::Tensor, at::Tensor, at::Tensor> differentiate(const Pass& pass,
                                                               const at::Tensor& gradient,
                                                               const Saved& saved,
                                                               std::array<bool, 3> wanted) const {
    const at::Tensor biases = bias(pass);
    at::OptionalIntArrayRef bias_sizes;
    if (biases.defined()) bias_sizes = biases.sizes();
    return at::convolution_backward(gradient, saved.input, saved.extra, bias_sizes, stride_,
                                    padding_, {1, 1}, false, {0, 0}, 1, wanted);
  }

  std::array<std::int64_t, 2> stride_, padding_;
};

class LinearStage final : public ParameterStage {
 public:
  using ParameterStage::ParameterStage;

  at::Tensor forward(Pass& pass, at::Tensor input, Saved& saved) const override {
    if (pass.training) saved.input = input;
    if (!has_bias()) return at::mm(input, weight(pass).t());
    return at::addmm(bias(pass), input, weight(pass).t());
  }

  at::Tensor backward(Pass& pass, at::Tensor gradient, const Saved& saved, const Gradients& out,
                      bool input_gradient) const override {
    at::Tensor weights = weight_gradient(out);
    at::mm_out(weights, gradient.t(), saved.input);
    if (has_bias()) {
      at::Tensor biases = bias_gradient(out);
      at::sum_out(biases, gradient, {0});
    }
    announce(out);
    return input_gradient ? at::mm(gradient, weight(pass)) : at::Tensor();
  }
};

// Max pooling, with the ReLU before or after it, which is the same.
class PoolStage final : public Stage {
 public:
  PoolStage(const ActivationShape& input, std::int64_t size, bool relu)
      : input_(input), size_(size), relu_(relu) {}

  at::Tensor forward(Pass& pass, at::Tensor input, Saved& saved) const override {
    input = input.contiguous(kChannelsLast);
    const std::int64_t count = input.size(0);
    const std::array<std::int64_t, 4> pooled{count, input_.channels, input_.rows / size_,
                                             input_.columns / size_};
    at::Tensor output = at::empty(pooled, input.options(), kChannelsLast);
    at::Tensor choice = at::empty(pooled, input.options().dtype(at::kInt), kChannelsLast);
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "pool_forward", [&] {
      pool_forward(shape(count), input.data_ptr<scalar_t>(), output.data_ptr<scalar_t>(),
                   choice.data_ptr<std::int32_t>());
    });
    if (pass.training) saved.extra = choice;
    return output;
  }

  at::Tensor backward(Pass&, at::Tensor gradient, const Saved& saved, const Gradients&,
                      bool) const override {
    gradient = gradient.contiguous(kChannelsLast);
    const std::int64_t count = gradient.size(0);
    at::Tensor result = at::empty({count, input_.channels, input_.rows, input_.columns},
                                  gradient.options(), kChannelsLast);
    AT_DISPATCH_FLOATING_TYPES(gradient.scalar_type(), "pool_backward", [&] {
      pool_backward(shape(count), gradient.data_ptr<scalar_t>(),
                    saved.extra.data_ptr<std::int32_t>(), result.data_ptr<scalar_t>());
    });
    return result;
  }

 private:
  PoolShape shape(std::int64_t count) const {
    return {count, input_.channels, input_.rows, input_.columns, size_, relu_};
  }

  ActivationShape input_;
  std::int64_t size_;
  bool relu_;
};

// Max pooling over padded images, or in windows that overlap, by LibTorch.
class LibraryPoolStage final : public Stage {
 public:
  explicit LibraryPoolStage(const MaxPool2d& layer)
      : size_{layer.size, layer.size},
        stride_{stride_of(layer), stride_of(layer)},
        padding_{layer.padding, layer.padding} {}

  at::Tensor forward(Pass& pass, at::Tensor input, Saved& saved) const override {
    input = input.contiguous(kChannelsLast);
    const auto [output, places] = at::max_pool2d_with_indices(input, size_, stride_, padding_);
    if (pass.training) saved = {input, places};
    return output;
  }

  at::Tensor backward(Pass&, at::Tensor gradient, const Saved& saved, const Gradients&,
                      bool) const override {
    return at::max_pool2d_with_indices_backward(gradient.contiguous(kChannelsLast), saved.input,
                                                size_, stride_, padding_, {1, 1}, false,
                                                saved.extra);
  }

 private:
  std::array<std::int64_t, 2> size_, stride_, padding_;
};

class AveragePoolStage final : public Stage {
 public:
  explicit AveragePoolStage(const AveragePool2d& layer) : size_{layer.size, layer.size} {}

  at::Tensor forward(Pass& pass, at::Tensor input, Saved& saved) const override {
    input = input.contiguous(kChannelsLast);
    if (pass.training) saved.input = input;
    return at::_adaptive_avg_pool2d(input, size_);
  }

  at::Tensor backward(Pass&, at::Tensor gradient, const Saved& saved, const Gradients&,
                      bool) const override {
    return at::_adaptive_avg_pool2d_backward(gradient.contiguous(kChannelsLast), saved.input);
  }

 private:
  std::array<std::int64_t, 2> size_;
};

// In place: no stage keeps its output for backward but this one.
class ReluStage final : public Stage {
 public:
  at::Tensor forward(Pass& pass, at::Tensor input, Saved& saved) const override {
    input.relu_();
    if (pass.training) saved.extra = input;
    return input;
  }

  at::Tensor backward(Pass&, at::Tensor gradient, const Saved& saved, const Gradients&,
                      bool) const override {
    at::threshold_backward_out(gradient, gradient, saved.extra, 0);
    return gradient;
  }
};

class FlattenStage final : public Stage {
 public:
  explicit FlattenStage(const ActivationShape& input) : input_(input) {}

  at::Tensor forward(Pass&, at::Tensor input, Saved&) const override {
    return input.contiguous(at::MemoryFormat::Contiguous).view({input.size(0), input_.size()});
  }

  at::Tensor backward(Pass&, at::Tensor gradient, const Saved&, const Gradients&,
                      bool) const override {
    return gradient.view({gradient.size(0), input_.channels, input_.rows, input_.columns})
        .contiguous(kChannelsLast);
  }

 private:
  ActivationShape input_;
};

class DropoutStage final : public Stage {
 public:
  explicit DropoutStage(double probability) : probability_(probability) {}

  at::Tensor forward(Pass& pass, at::Tensor input, Saved& saved) const override {
    if (!pass.training) return input;
    at::Tensor mask = at::empty(input.sizes(), input.options().device(at::kCPU));
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "dropout", [&] {
      fill_mask(pass.random, std::span(mask.data_ptr<scalar_t>(), mask.numel()));
    });
    saved.extra = mask.to(input.device());
    return input.mul(saved.extra);
  }

  at::Tensor backward(Pass&, at::Tensor gradient, const Saved& saved, const Gradients&,
                      bool) const override {
    return gradient.mul_(saved.extra);
  }

 private:
  // One 32-bit draw per element.
  template <class Scalar>
  void fill_mask(RandomStream& random, std::span<Scalar> mask) const {
    const double threshold = probability_ * 4294967296.0;
    const auto kept = static_cast<Scalar>(1 / (1 - probability_));
    for (Scalar& element : mask) element = random() < threshold ? Scalar{0} : kept;
  }

  double probability_;
};

// LibTorch 1.13 takes channels-last images forward, and misreads them backward.
class GroupNormStage final : public ParameterStage {
 public:
  GroupNormStage(const GroupNorm& layer, const ActivationShape& input, std::size_t weight)
      : ParameterStage(weight, true), groups_(layer.groups), input_(input) {}

  at::Tensor forward(Pass& pass, at::Tensor input, Saved& saved) const override {
    input = input.contiguous(at::MemoryFormat::Contiguous);
    const auto [output, mean, scale] =
        at::native_group_norm(input, weight(pass), bias(pass), input.size(0), input_.channels,
                              pixels(), groups_, kNormEpsilon);
    if (pass.training) saved = {input, at::stack({mean, scale})};
    return output.contiguous(kChannelsLast);
  }

  at::Tensor backward(Pass& pass, at::Tensor gradient, const Saved& saved, const Gradients& out,
                      bool input_gradient) const override {
    const auto [inputs, weights, biases] = at::native_group_norm_backward(
        gradient.contiguous(at::MemoryFormat::Contiguous), saved.input, saved.extra[0],
        saved.extra[1], weight(pass), gradient.size(0), input_.channels, pixels(), groups_,
        {input_gradient, true, true});
    weight_gradient(out).copy_(weights);
    bias_gradient(out).copy_(biases);
    announce(out);
    return input_gradient ? inputs.contiguous(kChannelsLast) : at::Tensor();
  }

 private:
  std::int64_t pixels() const { return input_.rows * input_.columns; }

  std::int64_t groups_;
  ActivationShape input_;
};

class BatchNormStage final : public ParameterStage {
 public:
  explicit BatchNormStage(std::size_t weight)
      : ParameterStage(weight, true), mean_(weight + 2), variance_(weight + 3) {}

  at::Tensor forward(Pass& pass, at::Tensor input, Saved& saved) const override {
    input = input.contiguous(kChannelsLast);
    at::Tensor mean = pass.parameters[mean_], variance = pass.parameters[variance_];
    if (pass.training) {
      mean = mean.clone();
      variance = variance.clone();
    }
    const auto [output, batch_mean, batch_scale] =
        at::native_batch_norm(input, weight(pass), bias(pass), mean, variance, pass.training,
                              kNormMomentum, kNormEpsilon);
    if (pass.training) saved = {input, at::stack({batch_mean, batch_scale, mean, variance})};
    return output;
  }

  at::Tensor backward(Pass& pass, at::Tensor gradient, const Saved& saved, const Gradients& out,
                      bool input_gradient) const override {
    const auto [inputs, weights, biases] = at::native_batch_norm_backward(
        gradient.contiguous(kChannelsLast), saved.input, weight(pass), {}, {}, saved.extra[0],
        saved.extra[1], true, kNormEpsilon, {input_gradient, true, true});
    weight_gradient(out).copy_(weights);
    bias_gradient(out).copy_(biases);
    out.slices[mean_].copy_(saved.extra[2]);
    out.slices[variance_].copy_(saved.extra[3]);
    for (const std::size_t buffer : {variance_, mean_})
      if (out.hook) out.hook(buffer);
    announce(out);
    return inputs;
  }

 private:
  std::size_t mean_, variance_;
};

class SkipStartStage final : public Stage {
 public:
  at::Tensor forward(Pass& pass, at::Tensor input, Saved&) const override {
    pass.skips.push_back(input);
    return input;
  }
  at::Tensor backward(Pass& pass, at::Tensor gradient, const Saved&, const Gradients&,
                      bool) const override {
    return gradient.add_(take_skip(pass));
  }
};

class SkipSwapStage final : public Stage {
 public:
  at::Tensor forward(Pass& pass, at::Tensor input, Saved&) const override {
    return swapped(pass, std::move(input));
  }
  at::Tensor backward(Pass& pass, at::Tensor gradient, const Saved&, const Gradients&,
                      bool) const override {
    return swapped(pass, std::move(gradient));
  }

 private:
  static at::Tensor swapped(Pass& pass, at::Tensor flowing) {
    UNDERSTUDY_CHECK(!pass.skips.empty());
    std::swap(flowing, pass.skips.back());
    return flowing;
  }
};

// Not in place: a ReLU before it keeps its output, and stages before it overwrite the gradient.
class SkipAddStage final : public Stage {
 public:
  at::Tensor forward(Pass& pass, at::Tensor input, Saved&) const override {
    return input.add(take_skip(pass));
  }
  at::Tensor backward(Pass& pass, at::Tensor gradient, const Saved&, const Gradients&,
                      bool) const override {
    pass.skips.push_back(gradient.clone());
    return gradient;
  }
};

class ScaleStage final : public Stage {
 public:
  explicit ScaleStage(double factor) : factor_(factor) {}

  at::Tensor forward(Pass&, at::Tensor input, Saved&) const override { return input.mul(factor_); }
  at::Tensor backward(Pass&, at::Tensor gradient, const Saved&, const Gradients&,
                      bool) const override {
    return gradient.mul_(factor_);
  }

 private:
  double factor_;
};

std::unique_ptr<Stage> make_stage(const Layer& layer, const ActivationShape& input,
                                  std::size_t slice, bool portable) {
  if (const auto* conv = std::get_if<Conv2d>(&layer)) {
    if (!portable && is_small_conv(*conv, input)) return make_small_conv(*conv, input, slice);
    return std::make_unique<ConvStage>(*conv, slice);
  }
  if (const auto* linear = std::get_if<Linear>(&layer))
    return std::make_unique<LinearStage>(slice, linear->bias);
  if (std::holds_alternative<Relu>(layer)) return std::make_unique<ReluStage>();
  if (std::holds_alternative<Flatten>(layer)) return std::make_unique<FlattenStage>(input);
  if (const auto* pool = std::get_if<MaxPool2d>(&layer)) {
    if (portable || !is_side_by_side(*pool)) return std::make_unique<LibraryPoolStage>(*pool);
    return std::make_unique<PoolStage>(input, pool->size, false);
  }
  if (const auto* norm = std::get_if<GroupNorm>(&layer))
    return std::make_unique<GroupNormStage>(*norm, input, slice);
  if (std::holds_alternative<BatchNorm2d>(layer)) return std::make_unique<BatchNormStage>(slice);
  if (const auto* pool = std::get_if<AveragePool2d>(&layer))
    return std::make_unique<AveragePoolStage>(*pool);
  if (std::holds_alternative<SkipStart>(layer)) return std::make_unique<SkipStartStage>();
  if (std::holds_alternative<SkipSwap>(layer)) return std::make_unique<SkipSwapStage>();
  if (std::holds_alternative<SkipAdd>(layer)) return std::make_unique<SkipAddStage>();
  if (const auto* scale = std::get_if<Scale>(&layer))
    return std::make_unique<ScaleStage>(scale->factor);
  return std::make_unique<DropoutStage>(std::get<Dropout>(layer).probability);
}

}  // namespace

template <class Scalar>
std::vector<at::Tensor> slice_views(const Layout& layout, std::span<Scalar> vector) {
  using Value = std::remove_const_t<Scalar>;
  UNDERSTUDY_CHECK(vector.size() == layout.size);
  std::vector<at::Tensor> views;
  views.reserve(layout.slices.size());
  for (const Slice& slice : layout.slices) {
    // LibTorch has no tensors of const elements; parameters are only ever read.
    auto* data = const_cast<Value*>(vector.data() + slice.offset);
    views.push_back(
        at::from_blob(data, slice.shape, at::dtype(c10::CppTypeToScalarType<Value>::value)));
  }
  return views;
}

template std::vector<at::Tensor> slice_views(const Layout&, std::span<float>);
template std::vector<at::Tensor> slice_views(const Layout&, std::span<const float>);
template std::vector<at::Tensor> slice_views(const Layout&, std::span<double>);
template std::vector<at::Tensor> slice_views(const Layout&, std::span<const double>);

bool pools_with_relu(std::span<const Layer> layers) {
  if (layers.size() < 2) return false;
  const auto is_pool = [](const Layer& layer) {
    const auto* pool = std::get_if<MaxPool2d>(&layer);
    return pool != nullptr && is_side_by_side(*pool);
  };
  const auto is_relu = [](const Layer& layer) { return std::holds_alternative<Relu>(layer); };
  return (is_pool(layers[0]) && is_relu(layers[1])) || (is_relu(layers[0]) && is_pool(layers[1]));
}

int pool_size(std::span<const Layer> layers) {
  const bool first = std::holds_alternative<MaxPool2d>(layers[0]);
  return std::get<MaxPool2d>(layers[first ? 0 : 1]).size;
}

std::vector<std::unique_ptr<Stage>> make_stages(const Model& model, bool portable) {
  // ReLU works in place, and the first stage's input is the caller's, what flows from SkipStart and
  // SkipSwap another branch's.
  const auto is_relu = [](const Layer& layer) { return std::holds_alternative<Relu>(layer); };
  const auto overwritten = [&](const Layer& layer, const Layer& next) {
    return (std::holds_alternative<SkipStart>(layer) || std::holds_alternative<SkipSwap>(layer)) &&
           is_relu(next);
  };
  UNDERSTUDY_CHECK((model.layers.empty() || !is_relu(model.layers.front())) &&
                   std::ranges::adjacent_find(model.layers, overwritten) == model.layers.end());
  std::vector<std::unique_ptr<Stage>> stages;
  ShapeFlow flow(model.input);
  std::size_t slice = 0;
  std::span<const Layer> rest(model.layers);
  while (!rest.empty()) {
    const std::size_t taken = !portable && pools_with_relu(rest) ? 2 : 1;
    if (taken == 2) {
      stages.push_back(std::make_unique<PoolStage>(flow.shape(), pool_size(rest), true));
    } else {
      stages.push_back(make_stage(rest[0], flow.shape(), slice, portable));
    }
    for (const Layer& layer : rest.first(taken)) {
      slice += slice_count(layer);
      flow.pass(layer);
    }
    rest = rest.subspan(taken);
  }
  return stages;
}

}  // namespace understudy
