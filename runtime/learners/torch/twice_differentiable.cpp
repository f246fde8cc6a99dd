#include "runtime/learners/torch/twice_differentiable.hpp"

#include <ATen/Dispatch.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>

namespace understudy {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr at::MemoryFormat kChannelsLast = at::MemoryFormat::ChannelsLast;

void save_geometry(AutogradContext* context, const ConvGeometry& geometry) {
  context->saved_data["padding"] = geometry.padding;
  context->saved_data["stride"] = geometry.stride;
}
ConvGeometry saved_geometry(AutogradContext* context) {
  return {context->saved_data["padding"].toInt(), context->saved_data["stride"].toInt()};
}

at::Tensor forward(const at::Tensor& input, const at::Tensor& weight,
                   const c10::optional<at::Tensor>& bias, const ConvGeometry& geometry) {
  return at::convolution(input, weight, bias, geometry.strides(), geometry.paddings(), {1, 1},
                         false, {0, 0}, 1);
}

at::Tensor differentiate(const at::Tensor& gradient, const at::Tensor& input,
                         const at::Tensor& weight, const ConvGeometry& geometry, bool by_weight) {
  const std::array<bool, 3> wanted{!by_weight, by_weight, false};
  const auto results = at::convolution_backward(
      gradient.contiguous(kChannelsLast), input, weight, c10::nullopt, geometry.strides(),
      geometry.paddings(), {1, 1}, false, {0, 0}, 1, wanted);
  return by_weight ? std::get<1>(results) : std::get<0>(results);
}

// The gradient of t(g, w, x) by x. `input` stands for its shape only.
class InputGradient : public Function<InputGradient> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& gradient,
                            const at::Tensor& weight, const at::Tensor& input,
                            const ConvGeometry& geometry) {
    context->save_for_backward({gradient, weight});
    save_geometry(context, geometry);
    return differentiate(gradient, input, weight, geometry, false);
  }
  // `direction` has the shape of x.
  static variable_list backward(AutogradContext* context, variable_list direction) {
    const variable_list saved = context->get_saved_variables();
    const ConvGeometry geometry = saved_geometry(context);
    const at::Tensor x = direction[0].contiguous(kChannelsLast);
    return {understudy::forward(x, saved[1], {}, geometry),
            differentiate(saved[0], x, saved[1], geometry, true),
            {},
            {}};
  }
};

// The gradient of t(g, w, x) by w. `weight` stands for its shape only.
class WeightGradient : public Function<WeightGradient> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& gradient,
                            const at::Tensor& input, const at::Tensor& weight,
                            const ConvGeometry& geometry) {
    context->save_for_backward({gradient, input});
    save_geometry(context, geometry);
    return differentiate(gradient, input, weight, geometry, true);
  }
  // `direction` has the shape of w.
  static variable_list backward(AutogradContext* context, variable_list direction) {
    const variable_list saved = context->get_saved_variables();
    const ConvGeometry geometry = saved_geometry(context);
    const at::Tensor w = direction[0].contiguous(kChannelsLast);
    at::Tensor by_input;
    if (context->needs_input_grad(1))
      by_input = differentiate(saved[0], saved[1], w, geometry, false);
    return {understudy::forward(saved[1], w, {}, geometry), by_input, {}, {}};
  }
};

class Convolution : public Function<Convolution> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& weight, const c10::optional<at::Tensor>& bias,
                            const ConvGeometry& geometry) {
    context->save_for_backward({input, weight});
    save_geometry(context, geometry);
    context->saved_data["bias"] = bias.has_value();
    return understudy::forward(input, weight, bias, geometry);
  }
  static variable_list backward(AutogradContext* context, variable_list gradient) {
    const variable_list saved = context->get_saved_variables();
    const ConvGeometry geometry = saved_geometry(context);
    const at::Tensor& g = gradient[0];
    variable_list out(4);
    if (context->needs_input_grad(0))
      out[0] = InputGradient::apply(g, saved[1], saved[0].detach(), geometry);
    out[1] = WeightGradient::apply(g, saved[0], saved[1].detach(), geometry);
    if (context->saved_data["bias"].toBool()) out[2] = g.sum({0, 2, 3});
    return out;
  }
};

PoolShape pool_shape(const at::Tensor& input, std::int64_t size, bool relu) {
  return {input.size(0), input.size(1), input.size(2), input.size(3), size, relu};
}

at::Tensor empty_images(const PoolShape& s, bool pooled, const at::TensorOptions& options) {
  const std::int64_t by = pooled ? s.size : 1;
  return at::empty({s.count, s.channels, s.rows / by, s.columns / by}, options, kChannelsLast);
}

PoolShape saved_shape(AutogradContext* context) {
  const auto n = context->saved_data["shape"].toIntVector();
  return {n[0], n[1], n[2], n[3], n[4], n[5] != 0};
}

void save_shape(AutogradContext* context, const PoolShape& s) {
  context->saved_data["shape"] =
      std::vector<std::int64_t>{s.count, s.channels, s.rows, s.columns, s.size, s.relu};
}

// Gradients of pooled images back to the chosen elements.
class PoolGradient : public Function<PoolGradient> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& gradient,
                            const at::Tensor& choice, const PoolShape& shape) {
    context->save_for_backward({choice});
    save_shape(context, shape);
    const at::Tensor from = gradient.contiguous(kChannelsLast);
    at::Tensor result = empty_images(shape, false, gradient.options());
    AT_DISPATCH_FLOATING_TYPES(from.scalar_type(), "pool_backward", [&] {
      pool_backward(shape, from.data_ptr<scalar_t>(), choice.data_ptr<std::int32_t>(),
                    result.data_ptr<scalar_t>());
    });
    return result;
  }
  static variable_list backward(AutogradContext* context, variable_list direction) {
    const PoolShape shape = saved_shape(context);
    const at::Tensor choice = context->get_saved_variables()[0];
    const at::Tensor from = direction[0].contiguous(kChannelsLast);
    at::Tensor result = empty_images(shape, true, from.options());
    AT_DISPATCH_FLOATING_TYPES(from.scalar_type(), "pool_chosen", [&] {
      pool_chosen(shape, from.data_ptr<scalar_t>(), choice.data_ptr<std::int32_t>(),
                  result.data_ptr<scalar_t>());
    });
    return {result, {}, {}};
  }
};

class Pooling : public Function<Pooling> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& images, std::int64_t size,
                            bool relu) {
    const at::Tensor input = images.contiguous(kChannelsLast);
    const PoolShape shape = pool_shape(input, size, relu);
    at::Tensor output = empty_images(shape, true, input.options());
    at::Tensor choice = empty_images(shape, true, input.options().dtype(at::kInt));
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "pool_forward", [&] {
      pool_forward(shape, input.data_ptr<scalar_t>(), output.data_ptr<scalar_t>(),
                   choice.data_ptr<std::int32_t>());
    });
    context->save_for_backward({choice});
    save_shape(context, shape);
    return output;
  }
  static variable_list backward(AutogradContext* context, variable_list gradient) {
    const at::Tensor choice = context->get_saved_variables()[0];
    return {PoolGradient::apply(gradient[0], choice, saved_shape(context)), {}, {}};
  }
};

}  // namespace

at::Tensor convolve(const at::Tensor& input, const at::Tensor& weight,
                    const c10::optional<at::Tensor>& bias, const ConvGeometry& geometry) {
  return Convolution::apply(input, weight.contiguous(kChannelsLast), bias, geometry);
}

at::Tensor pool(const at::Tensor& input, std::int64_t size, bool relu) {
  return Pooling::apply(input, size, relu);
}

}  // namespace understudy
