// Loss, accuracy and calibration of classifiers from their logits, alike for all learners.
#pragma once

#include <ATen/ATen.h>

#include <functional>

#include "runtime/learners/learner.hpp"

namespace understudy {

// The mean cross entropy over the batch, and its derivative by the logits, [count, classes].
struct LossAndGradient {
  double loss = 0;
  at::Tensor by_logits;
};
LossAndGradient cross_entropy_of(const at::Tensor& logits, const Batch& batch);

// Of samples first..first+count-1 of the source, in batches; `logits_of` gives a batch's logits.
Evaluation evaluate_classifier(const BatchSource& source, std::size_t first, std::size_t count,
                               const std::function<at::Tensor(const Batch&)>& logits_of);

}  // namespace understudy
