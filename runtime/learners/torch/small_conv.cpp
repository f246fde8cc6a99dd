#include "runtime/learners/torch/small_conv.hpp"

#include <ATen/Dispatch.h>

#include "runtime/learners/torch/parameter_stage.hpp"
#include "runtime/learners/torch/unfold.hpp"

namespace understudy {
namespace {

constexpr at::MemoryFormat kChannelsLast = at::MemoryFormat::ChannelsLast;

class SmallConvStage final : public ParameterStage {
 public:
  SmallConvStage(const Conv2d& layer, const ActivationShape& input, std::size_t weight)
      : ParameterStage(weight, layer.bias), layer_(layer), input_(input) {}

  at::Tensor forward(Pass& pass, at::Tensor input, Saved& saved) const override {
    const WindowShape s = shape(input.size(0));
    const at::Tensor images = input.contiguous(kChannelsLast);
    const at::Tensor windows =
        at::empty({s.count * s.out_rows() * s.out_columns(), row_size()}, input.options());
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "unfold", [&] {
      unfold(s, images.data_ptr<scalar_t>(), windows.data_ptr<scalar_t>());
    });
    if (pass.training) saved.extra = windows;
    const at::Tensor weights = as_matrix(weight(pass)).t();
    const at::Tensor outputs =
        has_bias() ? at::addmm(bias(pass), windows, weights) : at::mm(windows, weights);
    return outputs.view({s.count, s.out_rows(), s.out_columns(), layer_.out}).permute({0, 3, 1, 2});
  }

  at::Tensor backward(Pass& pass, at::Tensor gradient, const Saved& saved, const Gradients& out,
                      bool input_gradient) const override {
    const WindowShape s = shape(gradient.size(0));
    const at::Tensor by_outputs =
        gradient.permute({0, 2, 3, 1}).contiguous().view({-1, layer_.out});
    at::Tensor weights = as_matrix(weight_gradient(out));
    at::mm_out(weights, by_outputs.t(), saved.extra);
    if (has_bias()) {
      at::Tensor biases = bias_gradient(out);
      at::sum_out(biases, by_outputs, {0});
    }
    announce(out);
    if (!input_gradient) return {};
    const at::Tensor by_windows = at::mm(by_outputs, as_matrix(weight(pass)));
    at::Tensor result =
        at::empty({s.count, s.channels, s.rows, s.columns}, gradient.options(), kChannelsLast);
    AT_DISPATCH_FLOATING_TYPES(gradient.scalar_type(), "fold", [&] {
      fold(s, by_windows.data_ptr<scalar_t>(), result.data_ptr<scalar_t>());
    });
    return result;
  }

 private:
  std::int64_t row_size() const {
    return static_cast<std::int64_t>(layer_.in) * layer_.kernel * layer_.kernel;
  }
  at::Tensor as_matrix(const at::Tensor& weights) const {
    return weights.view({layer_.out, row_size()});
  }
  WindowShape shape(std::int64_t count) const {
    return {count,         input_.channels, input_.rows,  input_.columns,
            layer_.kernel, layer_.padding,  layer_.stride};
  }

  Conv2d layer_;
  ActivationShape input_;
};

}  // namespace

bool is_small_conv(const Conv2d& layer, const ActivationShape& input) {
  constexpr std::int64_t kMostPixels = 16, kFewestWeights = std::int64_t{1} << 18;
  const WindowShape s{
      1, input.channels, input.rows, input.columns, layer.kernel, layer.padding, layer.stride};
  return s.out_rows() * s.out_columns() <= kMostPixels &&
         s.channels * s.kernel * s.kernel * layer.out >= kFewestWeights;
}

std::unique_ptr<Stage> make_small_conv(const Conv2d& layer, const ActivationShape& input,
                                       std::size_t slice) {
  return std::make_unique<SmallConvStage>(layer, input, slice);
}

}  // namespace understudy
