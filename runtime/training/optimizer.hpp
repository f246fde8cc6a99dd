// Stochastic gradient descent over flat vectors, with the bits of torch::optim::SGD.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "runtime/learners/learner.hpp"
#include "runtime/training/optimizer_config.hpp"

namespace understudy {

// Per element, with g the gradient, p the parameter and b the momentum buffer:
//   d = g + weight_decay p
//   b = d at the first step, momentum b + (1 - dampening) d after it
//   p = p - lr d'   where d' is d without momentum, b with it, d + momentum b with Nesterov
// Each product and sum is one fused multiply-add, as in ATen's vectorised kernels, on every CPU.
template <class Scalar>
class Sgd {
 public:
  // Updates the trainable slices of the layout and leaves buffers alone.
  Sgd(const SgdConfig& config, const Layout& layout);

  // One update with learning rate `lr`, in place. Both spans have the layout's size.
  void step(std::span<Scalar> parameters, std::span<const Scalar> gradient, double lr);

  // What a checkpoint keeps: the momentum buffer, of the layout's size; empty before the first step
  // and without momentum.
  std::span<const Scalar> state() const;
  void restore(std::span<const Scalar> state);

  // The cost of one step, as one fused kernel.
  Cost cost() const;

 private:
  SgdConfig config_;
  std::size_t size_;
  std::vector<std::pair<std::size_t, std::size_t>> ranges_;  // [begin, end) of trainable stretches
  std::vector<Scalar> momentum_;                             // empty until the first step
};

extern template class Sgd<float>;
extern template class Sgd<double>;

}  // namespace understudy
