#include "runtime/learners/quadratic.hpp"

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

template <class Scalar>
class ConstantHessian final : public BatchHessian<Scalar> {
 public:
  explicit ConstantHessian(double a) : a_(a) {}
  void multiply(std::span<const Scalar> v, std::span<Scalar> out) override {
    UNDERSTUDY_CHECK(v.size() == 1 && out.size() == 1);
    out[0] = static_cast<Scalar>(a_ * static_cast<double>(v[0]));
  }

 private:
  double a_;
};

}  // namespace

template <class Scalar>
QuadraticLearner<Scalar>::QuadraticLearner(const Options& options)
    : options_(options), layout_{{{"x", {1}, 0, 1, true}}, 1} {}

template <class Scalar>
void QuadraticLearner<Scalar>::initial(RandomStream, std::span<Scalar> out) const {
  UNDERSTUDY_CHECK(out.size() == 1);
  out[0] = static_cast<Scalar>(options_.start);
}

template <class Scalar>
double QuadraticLearner<Scalar>::gradient(std::span<const Scalar> parameters, const Batch&,
                                          std::span<Scalar> gradient, RandomStream,
                                          const GradientHook& hook) const {
  UNDERSTUDY_CHECK(parameters.size() == 1 && gradient.size() == 1);
  const double distance = static_cast<double>(parameters[0]) - options_.b;
  gradient[0] = static_cast<Scalar>(options_.a * distance);
  if (hook) hook(0);
  return options_.a / 2 * distance * distance;
}

template <class Scalar>
std::unique_ptr<BatchHessian<Scalar>> QuadraticLearner<Scalar>::hessian(
    std::span<const Scalar> parameters, const Batch&) const {
  UNDERSTUDY_CHECK(parameters.size() == 1);
  return std::make_unique<ConstantHessian<Scalar>>(options_.a);
}

template <class Scalar>
Evaluation QuadraticLearner<Scalar>::evaluate(std::span<const Scalar> parameters,
                                              const BatchSource&, std::size_t,
                                              std::size_t count) const {
  UNDERSTUDY_CHECK(parameters.size() == 1);
  const double distance = static_cast<double>(parameters[0]) - options_.b;
  return {options_.a / 2 * distance * distance, 0, count};
}

template <class Scalar>
Cost QuadraticLearner<Scalar>::cost(std::size_t) const {
  const double bytes = sizeof(Scalar);
  return {{.phase = Phase::kLoss, .flops = 4, .bytes = bytes, .mark = std::nullopt},
          {.phase = Phase::kBackward, .flops = 2, .bytes = 2 * bytes, .mark = 0}};
}

template class QuadraticLearner<float>;
template class QuadraticLearner<double>;

}  // namespace understudy
