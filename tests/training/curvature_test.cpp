#include "runtime/training/curvature.hpp"

#include "runtime/base/errors.hpp"
#include "runtime/training/curvature_eigenpairs.hpp"
#include "tests/learners/batches.hpp"
#include "tests/training/matrices.hpp"

namespace understudy {
namespace {

// Sample s has the loss s/2 x^T diag(1, 2, 3) x over the trainable x, whose Hessian is known; a
// buffer lies between the first two elements.
template <class Scalar>
class WeightedSamples final : public BasicLearner<Scalar> {
 public:
  const Layout& layout() const override { return layout_; }
  void initial(RandomStream, std::span<Scalar>) const override {}
  double gradient(std::span<const Scalar>, const Batch&, std::span<Scalar>, RandomStream,
                  const GradientHook&) const override {
    return 0;
  }
  Evaluation evaluate(std::span<const Scalar>, const BatchSource&, std::size_t,
                      std::size_t) const override {
    return {};
  }
  Cost cost(std::size_t) const override { return {}; }
  std::unique_ptr<BatchHessian<Scalar>> hessian(std::span<const Scalar>,
                                                const Batch& batch) const override {
    double sum = 0;
    for (const float weight : batch.inputs) sum += static_cast<double>(weight);
    ++built;
    return std::make_unique<Diagonal>(sum / static_cast<double>(batch.count));
  }
  mutable int built = 0;

 private:
  class Diagonal final : public BatchHessian<Scalar> {
   public:
    explicit Diagonal(double weight) : weight_(weight) {}
    void multiply(std::span<const Scalar> v, std::span<Scalar> out) override {
      const double factors[] = {1, 0, 2, 3};
      for (std::size_t i = 0; i < 4; ++i)
        out[i] = static_cast<Scalar>(weight_ * factors[i] * static_cast<double>(v[i]));
    }

   private:
    double weight_;
  };
  Layout layout_{{{"a", {1}, 0, 1, true}, {"mean", {1}, 1, 1, false}, {"b", {2}, 2, 2, true}}, 4};
};

BatchAsSource weights(std::vector<float> values) {
  const std::size_t count = values.size();
  return BatchAsSource(
      {.count = count, .inputs = std::move(values), .labels = std::vector<std::int64_t>(count)});
}

template <class Scalar>
class LossHessian : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(LossHessian, Scalars);

// Samples of weights 1, 3, 5, 7 and 4 out of six, in batches of two: their mean is 4, whatever the
// batches.
TYPED_TEST(LossHessian, IsTheMeanOverSamplesWhateverTheBatches) {
  const WeightedSamples<TypeParam> learner;
  const std::vector<TypeParam> parameters(4);
  const BatchAsSource source = weights({1, 3, 100, 5, 7, 4});
  for (const std::size_t kept : {0, 1, 9}) {
    learner.built = 0;
    const HessianMap map = loss_hessian<TypeParam>(learner, parameters, source, {0, 1, 3, 4, 5},
                                                   {.batch = 2, .kept_batches = kept});
    ASSERT_EQ(map.size, 3);
    const std::vector<double> vectors = {1, 1, 1, -1, 0.5, 2};
    std::vector<double> products(6);
    map.multiply(vectors, products);
    EXPECT_THAT(products,
                testing::Pointwise(testing::DoubleNear(1e-6), {4., 8., 12., -4., 4., 24.}));
    EXPECT_EQ(learner.built, 3) << "a block of vectors shares a batch's graph";
    map.multiply(vectors, products);
    EXPECT_EQ(learner.built, 3 + 3 - static_cast<int>(std::min<std::size_t>(kept, 3)));
    const TopEigenpairs pairs = top_eigenpairs(map, {.k = 3}, test_stream());
    EXPECT_NEAR(pairs.values[0], 12, 1e-5);
    EXPECT_NEAR(pairs.values[2], 4, 1e-5);
  }
}

TYPED_TEST(LossHessian, NeedsSamples) {
  const WeightedSamples<TypeParam> learner;
  const std::vector<TypeParam> parameters(4);
  EXPECT_THROW(loss_hessian<TypeParam>(learner, parameters, weights({1}), {}, {}), RunError);
}

TYPED_TEST(LossHessian, TrainableElementsComeAndGo) {
  const WeightedSamples<TypeParam> learner;
  const std::vector<TypeParam> all = {1, 2, 3, 4};
  std::vector<double> trainable(3);
  gather_trainable(learner.layout(), std::span<const TypeParam>(all), std::span(trainable));
  EXPECT_EQ(trainable, (std::vector<double>{1, 3, 4}));
  std::vector<TypeParam> back = {9, 9, 9, 9};
  scatter_trainable(learner.layout(), std::span<const double>(trainable), std::span(back));
  EXPECT_EQ(back, (std::vector<TypeParam>{1, 9, 3, 4}));
}

}  // namespace
}  // namespace understudy
