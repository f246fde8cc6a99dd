#include "runtime/learners/quadratic.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

template <class Scalar>
class ConstantHessian final : public BatchHessian<Scalar> {
 public:
  explicit ConstantHessian(double a) : a_(a) {}
  void multiply(std::span<const Scalar> v, std::span<Scalar> out) override {
    UNDERSTUDY_CHECK(v.size() == out.size());
    for (std::size_t j = 0; j < v.size(); ++j)
      out[j] = static_cast<Scalar>(a_ * static_cast<double>(v[j]));
  }

 private:
  double a_;
};

Layout layout_of(int layers) {
  if (layers == 1) return {{{"x", {1}, 0, 1, true}}, 1};
  Layout layout;
  for (int j = 0; j < layers; ++j)
    layout.slices.push_back({fmt::format("x{}.weight", j), {1}, layout.size++, 1, true});
  return layout;
}

}  // namespace

template <class Scalar>
QuadraticLearner<Scalar>::QuadraticLearner(const Options& options)
    : options_(options), layout_(layout_of(options.layers)) {}

template <class Scalar>
void QuadraticLearner<Scalar>::initial(RandomStream, std::span<Scalar> out) const {
  UNDERSTUDY_CHECK(out.size() == layout_.size);
  std::fill(out.begin(), out.end(), static_cast<Scalar>(options_.start));
}

template <class Scalar>
double QuadraticLearner<Scalar>::gradient(std::span<const Scalar> parameters, const Batch&,
                                          std::span<Scalar> gradient, RandomStream,
                                          const GradientHook& hook) const {
  UNDERSTUDY_CHECK(parameters.size() == layout_.size && gradient.size() == layout_.size);
  for (std::size_t j = 0; j < layout_.size; ++j) {
    const double distance = static_cast<double>(parameters[j]) - options_.b;
    gradient[j] = static_cast<Scalar>(options_.a * distance);
    if (hook) hook(j);
  }
  return loss(parameters);
}

template <class Scalar>
double QuadraticLearner<Scalar>::loss(std::span<const Scalar> parameters) const {
  double sum = 0;
  for (const Scalar x : parameters) {
    const double distance = static_cast<double>(x) - options_.b;
    sum += options_.a / 2 * distance * distance;
  }
  return sum;
}

template <class Scalar>
std::unique_ptr<BatchHessian<Scalar>> QuadraticLearner<Scalar>::hessian(
    std::span<const Scalar> parameters, const Batch&) const {
  UNDERSTUDY_CHECK(parameters.size() == layout_.size);
  return std::make_unique<ConstantHessian<Scalar>>(options_.a);
}

template <class Scalar>
Evaluation QuadraticLearner<Scalar>::evaluate(std::span<const Scalar> parameters,
                                              const BatchSource&, std::size_t,
                                              std::size_t count) const {
  UNDERSTUDY_CHECK(parameters.size() == layout_.size);
  return {loss(parameters), 0, count};
}

template <class Scalar>
Cost QuadraticLearner<Scalar>::cost(std::size_t) const {
  const double values = static_cast<double>(layout_.size), bytes = values * sizeof(Scalar);
  return {{.phase = Phase::kLoss, .flops = 4 * values, .bytes = bytes, .mark = std::nullopt},
          {.phase = Phase::kBackward,
           .flops = 2 * values,
           .bytes = 2 * bytes,
           .mark = static_cast<int>(layout_.size) - 1}};
}

template class QuadraticLearner<float>;
template class QuadraticLearner<double>;

}  // namespace understudy
