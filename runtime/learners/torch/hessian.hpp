// Hessian-vector products by differentiating twice: the gradient by torch::autograd::grad with
// create_graph, then its product with v (Pearlmutter, "Fast exact multiplication by the Hessian",
// 1994; here by two reverse sweeps).
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <span>

#include "runtime/learners/model.hpp"

namespace understudy {

// The mean loss over a batch, for autograd, by the layout's slices.
using LossOf = std::function<at::Tensor(std::span<const at::Tensor> slices)>;

// Borrows the vector; calls `loss_of` at once. Errors of LibTorch are thrown as RunError.
template <class Scalar>
std::unique_ptr<BatchHessian<Scalar>> make_hessian(const Layout& layout,
                                                   std::span<const Scalar> parameters,
                                                   const LossOf& loss_of);

// Of a model of layers, without dropout.
at::Tensor mean_loss(const Model& model, std::span<const at::Tensor> slices, at::Tensor images,
                     const at::Tensor& labels);

}  // namespace understudy
