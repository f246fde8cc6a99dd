// f(x) = a/2 (x - b)^2 in one dimension: the learner whose every trajectory has a closed form.
// Under gradient descent x_{t+1} - b = (1 - lr a) (x_t - b). With more layers each is such an x, and the
// loss their sum.
#pragma once

#include "runtime/learners/learner.hpp"

namespace understudy {

// One instance per node, each with its own a and b. Data, randomness and batch sizes play no part.
template <class Scalar>
class QuadraticLearner final : public BasicLearner<Scalar> {
 public:
  struct Options {
    double a = 1;
    double b = 0;
    double start = 0;  // the initial x
    int layers = 1;    // of one value each: "x", or "x0.weight", "x1.weight" and so on
  };
  explicit QuadraticLearner(const Options& options);

  const Layout& layout() const override { return layout_; }
  void initial(RandomStream stream, std::span<Scalar> out) const override;
  double gradient(std::span<const Scalar> parameters, const Batch& batch,
                  std::span<Scalar> gradient, RandomStream random,
                  const GradientHook& hook) const override;
  // a times the identity.
  std::unique_ptr<BatchHessian<Scalar>> hessian(std::span<const Scalar> parameters,
                                                const Batch& batch) const override;
  // The loss f(x), an accuracy of 0, `count` samples.
  Evaluation evaluate(std::span<const Scalar> parameters, const BatchSource& source,
                      std::size_t first, std::size_t count) const override;
  Cost cost(std::size_t count) const override;

 private:
  double loss(std::span<const Scalar> parameters) const;

  Options options_;
  Layout layout_;
};

extern template class QuadraticLearner<float>;
extern template class QuadraticLearner<double>;

}  // namespace understudy
