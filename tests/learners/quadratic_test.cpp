#include "runtime/learners/quadratic.hpp"

#include "tests/learners/batches.hpp"

namespace understudy {
namespace {

template <class Scalar>
class Quadratic : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(Quadratic, Scalars);

TYPED_TEST(Quadratic, GivesValueAndSlope) {
  const QuadraticLearner<TypeParam> learner({.a = 4, .b = 1, .start = 3});
  const auto x = initial_parameters(learner);
  EXPECT_EQ(x, std::vector<TypeParam>{3});
  std::vector<TypeParam> gradient(1);
  std::vector<std::size_t> hooked;
  EXPECT_EQ(learner.gradient(x, {}, gradient, RandomStream({}),
                             [&](std::size_t slice) { hooked.push_back(slice); }),
            8);               // 4/2 (3 - 1)^2
  EXPECT_EQ(gradient[0], 8);  // 4 (3 - 1)
  EXPECT_EQ(hooked, std::vector<std::size_t>{0});
  const BatchAsSource nothing({});
  EXPECT_EQ(learner.evaluate(x, nothing, 0, 5).loss, 8);
  EXPECT_EQ(learner.evaluate(x, nothing, 0, 5).samples, 5);
}

// The derivative of 4 (x - 1) along v is 4 v, wherever x is.
TYPED_TEST(Quadratic, ItsHessianIsItsCurvature) {
  const QuadraticLearner<TypeParam> learner({.a = 4, .b = 1, .start = 3});
  const std::vector<TypeParam> x{7}, v{-2.5};
  std::vector<TypeParam> out(1);
  learner.hessian_vector(x, {}, v, out);
  EXPECT_EQ(out[0], -10);
  std::vector<TypeParam> above(1), below(1);
  learner.gradient(std::vector<TypeParam>{7 - TypeParam{2.5}}, {}, above, RandomStream({}), {});
  learner.gradient(std::vector<TypeParam>{7 + TypeParam{2.5}}, {}, below, RandomStream({}), {});
  EXPECT_EQ(out[0], (above[0] - below[0]) / 2);
}

TYPED_TEST(Quadratic, ItsLastKernelCompletesTheOneSlice) {
  const Cost cost = QuadraticLearner<TypeParam>({}).cost(1);
  EXPECT_EQ(cost.back().phase, Phase::kBackward);
  EXPECT_EQ(cost.back().mark, 0);
}

}  // namespace
}  // namespace understudy
