// The learner seam: model and loss as a pure function of a flat parameter vector. The one thing
// that knows LibTorch lives behind it; optimizers, buckets, collectives and strategies above it are
// arithmetic on vectors.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/errors.hpp"
#include "runtime/base/random.hpp"
#include "runtime/learners/calibration.hpp"
#include "runtime/learners/cost.hpp"
#include "runtime/learners/layout.hpp"

namespace understudy {

// Samples as the learner takes them: inputs row-major [count, input_shape...], labels [count].
struct Batch {
  std::size_t count = 0;
  std::vector<float> inputs;
  std::vector<std::int64_t> labels;
};

struct Evaluation {
  double loss = 0;      // mean over samples
  double accuracy = 0;  // 0..1
  std::size_t samples = 0;
  Calibration calibration{};  // of a classifier
};

// Tells whoever waits that backward has produced slice `slice` of the gradient. Called on the
// computing thread.
using GradientHook = std::function<void(std::size_t slice)>;

// Source of samples for evaluation; implemented by the data sets.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual std::size_t size() const = 0;
  // Fills `batch` with the samples of these indices. Thread-safe.
  virtual void gather(std::span<const std::uint32_t> indices, Batch& batch) const = 0;
  // The same to train on: varied, as the stream decides, where a source varies its samples.
  virtual void gather_training(std::span<const std::uint32_t> indices, RandomStream /*random*/,
                               Batch& batch) const {
    gather(indices, batch);
  }
};

// The Hessian of the mean loss over one batch at one point, by its products: what they share (the
// forward pass and the gradient) is computed once and kept. Used by one thread at a time.
template <class Scalar>
class BatchHessian {
 public:
  virtual ~BatchHessian() = default;
  // out = H v, exact but for rounding. Both have layout().size elements; buffers' stretches of `v`
  // are not read, those of `out` are zero. Equal arguments give equal bits.
  virtual void multiply(std::span<const Scalar> v, std::span<Scalar> out) = 0;
};

// A batch's way forward through a classifier in training, kept for its way back: for losses that are
// not the learner's own, such as those between models. Used by one thread at a time.
template <class Scalar>
class ForwardPass {
 public:
  virtual ~ForwardPass() = default;
  // [count, classes], row-major; valid as long as the pass.
  virtual std::span<const Scalar> logits() const = 0;
  // At most once. `logit_gradient` is the derivative of some loss by logits(), of their size. The
  // loss's gradient by the parameters goes into `gradient`, and the hook is called, as in
  // BasicLearner::gradient.
  virtual void backward(std::span<const Scalar> logit_gradient, std::span<Scalar> gradient,
                        const GradientHook& hook) = 0;
};

// Scalar is float, or double for checks against closed forms.
// Thread-safe: several threads may call at once (a learner keeps one model instance per calling
// thread). Spans of parameters and gradients have layout().size elements; nothing is copied on the
// way in or out.
template <class Scalar>
class BasicLearner {
 public:
  virtual ~BasicLearner() = default;
  virtual const Layout& layout() const = 0;
  // Draws the initial vector; equal streams give equal bits.
  virtual void initial(RandomStream stream, std::span<Scalar> out) const = 0;
  // Mean loss over the batch; its gradient into `gradient` (overwritten; buffers' stretches hold
  // their new values). `random` feeds dropout. `hook` may be empty.
  virtual double gradient(std::span<const Scalar> parameters, const Batch& batch,
                          std::span<Scalar> gradient, RandomStream random,
                          const GradientHook& hook) const = 0;
  // The way forward as gradient() takes it, dropout included. The pass borrows `parameters` and
  // `batch`: both must outlive it, unchanged, and so must the learner. Throws RunError where a
  // learner is no classifier.
  virtual std::unique_ptr<ForwardPass<Scalar>> forward(std::span<const Scalar> /*parameters*/,
                                                       const Batch& /*batch*/,
                                                       RandomStream /*random*/) const {
    throw RunError("this kind of learner has no logits");
  }
  // Logits [count, classes] as evaluate() sees them, without dropout. Throws as forward() does.
  virtual void logits(std::span<const Scalar> /*parameters*/, const Batch& /*batch*/,
                      std::span<Scalar> /*out*/) const {
    throw RunError("this kind of learner has no logits");
  }
  // Second derivatives of what gradient() differentiates, without dropout. The result borrows
  // `parameters` and `batch`: both must outlive it, unchanged. The learner must outlive it too.
  // Throws RunError where a learner has none.
  virtual std::unique_ptr<BatchHessian<Scalar>> hessian(std::span<const Scalar> /*parameters*/,
                                                        const Batch& /*batch*/) const {
    throw RunError("this kind of learner has no second derivatives");
  }
  // One product, where no second one at this point follows.
  void hessian_vector(std::span<const Scalar> parameters, const Batch& batch,
                      std::span<const Scalar> v, std::span<Scalar> out) const {
    hessian(parameters, batch)->multiply(v, out);
  }
  // Loss and accuracy over samples first..first+count-1 of the source, without dropout.
  virtual Evaluation evaluate(std::span<const Scalar> parameters, const BatchSource& source,
                              std::size_t first, std::size_t count) const = 0;
  // The cost of gradient() for a batch of `count`: copy, forward, loss and backward kernels in
  // order; backward kernels carry mark = index of the slice whose gradient is complete with them.
  virtual Cost cost(std::size_t count) const = 0;
};

using Learner = BasicLearner<float>;

}  // namespace understudy
