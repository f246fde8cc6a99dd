// A batch as tensors.
#pragma once

#include <ATen/ATen.h>

#include "runtime/learners/model.hpp"

namespace understudy {

// Channels-last images of this shape, [count, channels, rows, columns]; a view where there is one
// channel and Scalar is float.
template <class Scalar>
at::Tensor batch_images(const ActivationShape& shape, const Batch& batch);
// [count]; a view.
at::Tensor batch_labels(const Batch& batch);

}  // namespace understudy
