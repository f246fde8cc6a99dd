// Stochastic gradient descent over flat vectors, with the bits of torch::optim::SGD.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "runtime/learners/learner.hpp"
#include "runtime/training/optimizer_config.hpp"

namespace understudy {

// First, where that is asked for, a gradient that is too long is clipped: it is multiplied by min(1,
// clip_norm / (its Euclidean norm + 1e-6)), as torch.nn.utils.clip_grad_norm_ does (Pascanu, Mikolov, Bengio,
// "On the difficulty of training recurrent neural networks", ICML 2013). Then per element, with g the
// gradient, p the parameter and b the momentum buffer:
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

  // The cost of one step, as one fused kernel, and one more where the gradient is clipped.
  Cost cost() const;

 private:
  std::span<const Scalar> clipped(std::span<const Scalar> gradient);

  SgdConfig config_;
  std::size_t size_;
  std::vector<std::pair<std::size_t, std::size_t>> ranges_;  // [begin, end) of trainable stretches
  std::vector<Scalar> momentum_;                             // empty until the first step
  std::vector<Scalar> clipped_;                              // empty until a gradient is too long
};

extern template class Sgd<float>;
extern template class Sgd<double>;

}  // namespace understudy
