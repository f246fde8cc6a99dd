// Hessian-vector products by differentiating twice: the gradient by torch::autograd::grad with
// create_graph, then its product with v (Pearlmutter, "Fast exact multiplication by the Hessian",
// 1994; here by two reverse sweeps).
#pragma once

#include <memory>
#include <span>

#include "runtime/learners/model.hpp"

namespace understudy {

// Borrows the vector and the batch. Errors of LibTorch are thrown as RunError.
template <class Scalar>
std::unique_ptr<BatchHessian<Scalar>> make_hessian(const Model& model, const Layout& layout,
                                                   std::span<const Scalar> parameters,
                                                   const Batch& batch);

}  // namespace understudy
