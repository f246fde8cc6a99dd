#include "runtime/learners/torch/hessian.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "runtime/learners/torch/batch_tensors.hpp"
#include "runtime/learners/torch/guarded.hpp"
#include "runtime/learners/torch/stages.hpp"
#include "runtime/learners/torch/twice_differentiable.hpp"

namespace understudy {
namespace {

// Takes the parameters in the layout's order.
class ParameterQueue {
 public:
  explicit ParameterQueue(std::span<const at::Tensor> slices) : rest_(slices) {}
  const at::Tensor& next() {
    UNDERSTUDY_CHECK(!rest_.empty());
    const at::Tensor& slice = rest_.front();
    rest_ = rest_.subspan(1);
    return slice;
  }

 private:
  std::span<const at::Tensor> rest_;
};

// One layer for autograd. Dropout passes through.
struct Apply {
  at::Tensor x;
  ParameterQueue& parameters;
  std::vector<at::Tensor>& skips;

  at::Tensor operator()(const Conv2d& layer) const {
    const at::Tensor& weight = parameters.next();
    c10::optional<at::Tensor> bias;
    if (layer.bias) bias = parameters.next();
    return convolve(x, weight, bias, {layer.padding, layer.stride});
  }
  at::Tensor operator()(const Linear& layer) const {
    const at::Tensor& weight = parameters.next();
    return layer.bias ? at::addmm(parameters.next(), x, weight.t()) : at::mm(x, weight.t());
  }
  at::Tensor operator()(const MaxPool2d& layer) const {
    const int stride = stride_of(layer);
    if (layer.padding == 0 && stride == layer.size) return pool(x, layer.size, false);
    return at::max_pool2d(x, {layer.size, layer.size}, {stride, stride},
                          {layer.padding, layer.padding});
  }
  at::Tensor operator()(const AveragePool2d& layer) const {
    return at::_adaptive_avg_pool2d(x, {layer.size, layer.size});
  }
  at::Tensor operator()(const Relu&) const { return at::relu(x); }
  at::Tensor operator()(const Flatten&) const { return x.flatten(1); }
  at::Tensor operator()(const Dropout&) const { return x; }
  at::Tensor operator()(const GroupNorm& layer) const {
    const at::Tensor& weight = parameters.next();
    return at::group_norm(x.contiguous(), layer.groups, weight, parameters.next(), kNormEpsilon,
                          false);
  }
  at::Tensor operator()(const BatchNorm2d&) const {
    const at::Tensor& weight = parameters.next();
    const at::Tensor& bias = parameters.next();
    for (int buffer = 0; buffer < 2; ++buffer) parameters.next();
    return std::get<0>(
        at::native_batch_norm(x, weight, bias, {}, {}, true, kNormMomentum, kNormEpsilon));
  }
  at::Tensor operator()(const SkipStart&) const {
    skips.push_back(x);
    return x;
  }
  at::Tensor operator()(const SkipSwap&) const {
    UNDERSTUDY_CHECK(!skips.empty());
    return std::exchange(skips.back(), x);
  }
  at::Tensor operator()(const SkipAdd&) const {
    UNDERSTUDY_CHECK(!skips.empty());
    const at::Tensor sum = x + skips.back();
    skips.pop_back();
    return sum;
  }
  at::Tensor operator()(const Scale& layer) const { return x * layer.factor; }
};

template <class Scalar>
class TorchHessian final : public BatchHessian<Scalar> {
 public:
  TorchHessian(const Layout& layout, std::span<const Scalar> parameters, const LossOf& loss_of)
      : layout_(layout) {
    use_one_thread();
    const at::AutoGradMode graph(true);
    slices_ = slice_views(layout, parameters);
    for (std::size_t i = 0; i < slices_.size(); ++i) {
      if (!layout.slices[i].trainable) continue;
      trainable_.push_back(i);
      leaves_.push_back(slices_[i].requires_grad_());
    }
    // What the loss does not depend on has none.
    const auto gradients = torch::autograd::grad({loss_of(slices_)}, leaves_, {}, true, true, true);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (!gradients[i].defined() || !gradients[i].requires_grad()) continue;
      gradients_.push_back(gradients[i]);
      differentiated_.push_back(trainable_[i]);
    }
  }

  void multiply(std::span<const Scalar> v, std::span<Scalar> out) override {
    guarded([&] {
      use_one_thread();
      const auto directions = slice_views(layout_, v);
      const auto results = slice_views(layout_, out);
      torch::autograd::variable_list wanted;
      for (const std::size_t i : differentiated_) wanted.push_back(directions[i]);
      const auto products = torch::autograd::grad(gradients_, leaves_, wanted, true, false, true);
      std::fill(out.begin(), out.end(), Scalar{0});
      for (std::size_t i = 0; i < trainable_.size(); ++i) {
        if (products[i].defined()) results[trainable_[i]].copy_(products[i]);
      }
    });
  }

 private:
  Layout layout_;
  std::vector<at::Tensor> slices_;
  std::vector<std::size_t> trainable_;        // indices of slices
  std::vector<std::size_t> differentiated_;   // those of gradients_
  torch::autograd::variable_list leaves_;     // the trainable slices
  torch::autograd::variable_list gradients_;  // of the loss by the leaves, with their graph
};

}  // namespace

at::Tensor mean_loss(const Model& model, std::span<const at::Tensor> parameters, at::Tensor images,
                     const at::Tensor& labels) {
  ParameterQueue queue(parameters);
  std::vector<at::Tensor> skips;
  std::span<const Layer> rest(model.layers);
  while (!rest.empty()) {
    if (pools_with_relu(rest)) {
      images = pool(images, pool_size(rest), true);
      rest = rest.subspan(2);
    } else {
      images = std::visit(Apply{images, queue, skips}, rest.front());
      rest = rest.subspan(1);
    }
  }
  return at::cross_entropy_loss(images, labels);
}

template <class Scalar>
std::unique_ptr<BatchHessian<Scalar>> make_hessian(const Layout& layout,
                                                   std::span<const Scalar> parameters,
                                                   const LossOf& loss_of) {
  return guarded([&]() -> std::unique_ptr<BatchHessian<Scalar>> {
    return std::make_unique<TorchHessian<Scalar>>(layout, parameters, loss_of);
  });
}

template std::unique_ptr<BatchHessian<float>> make_hessian(const Layout&, std::span<const float>,
                                                           const LossOf&);
template std::unique_ptr<BatchHessian<double>> make_hessian(const Layout&, std::span<const double>,
                                                            const LossOf&);

}  // namespace understudy
