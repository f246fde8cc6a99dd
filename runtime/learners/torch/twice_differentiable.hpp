// Layers for autograd whose gradients autograd can differentiate once more, no further, with the
// kernels of the training step. LibTorch's own second derivative of a convolution treats samples as
// channels, which its kernels are not made for, and costs several times as much.
#pragma once

#include <ATen/ATen.h>

#include <array>

#include "runtime/learners/torch/pooling.hpp"

namespace understudy {

// Alike for rows and columns.
struct ConvGeometry {
  std::int64_t padding = 0;
  std::int64_t stride = 1;
  std::array<std::int64_t, 2> paddings() const { return {padding, padding}; }
  std::array<std::int64_t, 2> strides() const { return {stride, stride}; }
};

// y = w * x + b. A convolution is bilinear: with <g, w * x> = t(g, w, x), trilinear, the
// gradients of t by one argument are linear in the two others, and so all derivatives are the three
// maps forward, input gradient and weight gradient over again.
at::Tensor convolve(const at::Tensor& input, const at::Tensor& weight,
                    const c10::optional<at::Tensor>& bias, const ConvGeometry& geometry);

// Max pooling in square windows side by side, and ReLU where `relu` says so: linear around the
// point, with the choice of elements held.
at::Tensor pool(const at::Tensor& input, std::int64_t size, bool relu);

}  // namespace understudy
