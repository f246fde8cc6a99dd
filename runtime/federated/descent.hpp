// The loop that most algorithms train by.
#pragma once

#include <vector>

#include "runtime/federated/arithmetic.hpp"
#include "runtime/federated/local_work.hpp"

namespace understudy {

struct NoCorrection {
  template <class Scalar>
  void operator()(const std::vector<Scalar>&, std::vector<Scalar>&) const {}
};

// Steps of SGD from `start`, one on each batch of the turn; correct(x, gradient) may change the
// gradient before the step.
template <class Scalar, class Correct = NoCorrection>
std::vector<Scalar> descend(std::span<const Scalar> start, LocalWork<Scalar>& work,
                            const Correct& correct = {}) {
  std::vector<Scalar> x(start.begin(), start.end()), gradient(start.size());
  Sgd<Scalar> optimizer = work.optimizer();
  for (std::size_t k = 0; k < work.steps(); ++k) {
    work.gradient(x, k, gradient);
    correct(x, gradient);
    optimizer.step(x, gradient, work.options().lr);
  }
  return x;
}

// Adds weight (x - centre): the gradient of weight/2 |x - centre|^2.
template <class Scalar>
struct Proximal {
  double weight;
  std::span<const Scalar> centre;
  void operator()(const std::vector<Scalar>& x, std::vector<Scalar>& gradient) const {
    const auto w = static_cast<Scalar>(weight);
    for (std::size_t i = 0; i < x.size(); ++i) gradient[i] += w * (x[i] - centre[i]);
  }
};

}  // namespace understudy
