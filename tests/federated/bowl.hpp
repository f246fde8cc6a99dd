// f(x) = 1/2 sum_j a_j (x_j - b_j)^2: a quadratic in several dimensions with a known Hessian, diag(a).
#pragma once

#include "runtime/learners/learner.hpp"

namespace understudy {

class Bowl final : public BasicLearner<double> {
 public:
  struct Shape {
    std::vector<double> a;
    std::vector<double> b;
    std::vector<double> start{};  // default: zeros
  };
  // One slice a dimension, "x0.weight" and so on: each a layer.
  explicit Bowl(Shape shape) : shape_(std::move(shape)) {
    shape_.start.resize(shape_.a.size());
    for (std::size_t j = 0; j < shape_.a.size(); ++j)
      layout_.slices.push_back({"x" + std::to_string(j) + ".weight", {1}, j, 1, true});
    layout_.size = shape_.a.size();
  }
  const Layout& layout() const override { return layout_; }
  void initial(RandomStream, std::span<double> out) const override {
    std::copy(shape_.start.begin(), shape_.start.end(), out.begin());
  }
  double gradient(std::span<const double> x, const Batch&, std::span<double> gradient, RandomStream,
                  const GradientHook&) const override {
    double loss = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double d = x[j] - shape_.b[j];
      gradient[j] = shape_.a[j] * d;
      loss += shape_.a[j] / 2 * d * d;
    }
    return loss;
  }
  std::unique_ptr<BatchHessian<double>> hessian(std::span<const double>,
                                                const Batch&) const override {
    struct Diagonal final : BatchHessian<double> {
      explicit Diagonal(const std::vector<double>& of) : a(of) {}
      const std::vector<double>& a;
      void multiply(std::span<const double> v, std::span<double> out) override {
        for (std::size_t j = 0; j < a.size(); ++j) out[j] = a[j] * v[j];
      }
    };
    return std::make_unique<Diagonal>(shape_.a);
  }
  Evaluation evaluate(std::span<const double> x, const BatchSource&, std::size_t,
                      std::size_t count) const override {
    std::vector<double> ignored(x.size());
    return {gradient(x, {}, ignored, RandomStream({}), {}), 0, count};
  }
  // So many operations a sample that all else takes no time to speak of.
  Cost cost(std::size_t count) const override {
    KernelCost kernel;
    kernel.phase = Phase::kBackward;
    kernel.flops = 1e12 * static_cast<double>(count);
    return {kernel};
  }

 private:
  Shape shape_;
  Layout layout_;
};

}  // namespace understudy
