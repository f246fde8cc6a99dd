// The instruments on models: against the dense Hessian of a small net, column by column, and in
// float against double.
#include <cmath>
#include <numeric>

#include "runtime/learners/torch/torch_learner.hpp"
#include "runtime/training/curvature_eigenpairs.hpp"
#include "runtime/training/curvature_estimates.hpp"
#include "tests/learners/batches.hpp"
#include "tests/training/matrices.hpp"

namespace understudy {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

// 3x8x8 images are pooled to 2x2 of 2 channels: 2 x 3 x 9 + 2 and 8 x 4 + 4, 92 parameters.
Model small_model() {
  return {"small",
          {3, 8, 8},
          {Conv2d{"conv", 3, 2, 3}, MaxPool2d{3}, Relu{}, Flatten{}, Linear{"fc", 8, 4}}};
}

std::vector<std::uint32_t> first_samples(std::size_t count) {
  std::vector<std::uint32_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0u);
  return indices;
}

MatrixXd dense(const HessianMap& map) {
  const auto n = static_cast<Index>(map.size);
  const MatrixXd identity = MatrixXd::Identity(n, n);
  MatrixXd h(n, n);
  map.multiply({identity.data(), map.size * map.size}, {h.data(), map.size * map.size});
  return h;
}

TEST(CurvatureOfAModel, EqualsThatOfItsDenseHessian) {
  const auto learner = make_torch_learner_double(small_model());
  ASSERT_EQ(learner->layout().size, 92);
  const auto parameters = initial_parameters(*learner);
  const BatchAsSource source(random_batch(small_model(), 50));
  const HessianMap map =
      loss_hessian<double>(*learner, parameters, source, first_samples(50), {.batch = 16});
  const MatrixXd h = dense(map);
  EXPECT_LT((h - h.transpose()).norm(), 1e-13 * h.norm());
  Eigen::VectorXd exact = Eigen::SelfAdjointEigenSolver<MatrixXd>(h).eigenvalues();
  std::sort(exact.begin(), exact.end(),
            [](double a, double b) { return std::abs(a) > std::abs(b); });
  const TopEigenpairs pairs =
      top_eigenpairs(map, {.k = 6, .block = 2, .tolerance = 1e-8}, test_stream());
  ASSERT_TRUE(pairs.converged);
  for (Index i = 0; i < 6; ++i)
    EXPECT_NEAR(pairs.values[static_cast<std::size_t>(i)], exact[i], 1e-7 * exact.norm()) << i;
  const HutchinsonResult estimate = hutchinson(map, 200, test_stream());
  EXPECT_NEAR(estimate.trace.mean, h.trace(), 5 * estimate.trace.error);
}

// A batch's graph kept or built anew, samples in one batch or in many: the same Hessian.
TEST(CurvatureOfAModel, DoesNotDependOnTheBatches) {
  const auto learner = make_torch_learner_double(small_model());
  const auto parameters = initial_parameters(*learner);
  const BatchAsSource source(random_batch(small_model(), 50));
  const MatrixXd whole =
      dense(loss_hessian<double>(*learner, parameters, source, first_samples(50), {.batch = 50}));
  const MatrixXd parts = dense(loss_hessian<double>(*learner, parameters, source, first_samples(50),
                                                    {.batch = 7, .kept_batches = 2}));
  EXPECT_LT((whole - parts).norm(), 1e-13 * whole.norm());
}

// In float the products carry 1e-6 of rounding, far below the tolerance.
TEST(CurvatureOfAModel, ConvergesInFloat) {
  const Model model = make_model("lenet", 0);
  const auto learner = make_torch_learner(model);
  const auto parameters = initial_parameters(*learner);
  const BatchAsSource source(random_batch(model, 32));
  const HessianMap map = loss_hessian<float>(*learner, parameters, source, first_samples(32), {});
  const TopEigenpairs pairs = top_eigenpairs(map, {.k = 3}, test_stream());
  ASSERT_TRUE(pairs.converged);
  const auto wide_learner = make_torch_learner_double(model);
  const std::vector<double> wide(parameters.begin(), parameters.end());
  const HessianMap exact = loss_hessian<double>(*wide_learner, wide, source, first_samples(32), {});
  std::vector<double> product(map.size);
  for (std::size_t i = 0; i < 3; ++i) {
    exact.multiply(pairs.vector(i), product);
    double squares = 0;
    for (std::size_t j = 0; j < map.size; ++j)
      squares += std::pow(product[j] - pairs.values[i] * pairs.vector(i)[j], 2);
    EXPECT_LT(std::sqrt(squares), 1.1e-3 * std::abs(pairs.values[i])) << i;
  }
}

}  // namespace
}  // namespace understudy
