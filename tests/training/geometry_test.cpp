#include "runtime/training/curvature_geometry.hpp"

#include <cmath>
#include <numbers>

#include "runtime/base/errors.hpp"
#include "runtime/learners/quadratic.hpp"
#include "tests/learners/batches.hpp"
#include "tests/training/matrices.hpp"

namespace understudy {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

LossPath path_of(double a, double from, double to, std::size_t points) {
  const QuadraticLearner<double> learner({.a = a, .b = 1});
  const std::vector<double> first{from}, second{to};
  return loss_path<double>(learner, first, second, BatchAsSource(random_batch({}, 0)),
                           {.points = points});
}

// L(l) - (1 - l) L(0) - l L(1) = -a/2 l (1 - l) (to - from)^2: no barrier where a > 0, and one of
// -a/8 (to - from)^2 half way where a < 0.
TEST(LossPath, OfAQuadraticHasTheBarrierOfItsCurvature) {
  const LossPath convex = path_of(3, -2, 5, 11);
  EXPECT_EQ(convex.barrier, 0);
  EXPECT_EQ(convex.barrier_at, 0);
  const LossPath concave = path_of(-3, -2, 5, 11);
  EXPECT_NEAR(concave.barrier, 3.0 / 8 * 49, 1e-12);
  EXPECT_NEAR(concave.barrier_at, 0.5, 1e-15);
  ASSERT_EQ(concave.points.size(), 11);
  for (std::size_t i = 0; i < 11; ++i) {
    const double x = -2 + 0.7 * static_cast<double>(i);
    EXPECT_NEAR(concave.points[i].at, static_cast<double>(i) / 10, 1e-15);
    EXPECT_NEAR(concave.points[i].evaluation.loss, -1.5 * (x - 1) * (x - 1), 1e-12);
  }
  EXPECT_EQ(concave.cost.products, 0);
  EXPECT_THROW(path_of(1, 0, 1, 1), RunError);
}

std::span<const double> elements(const MatrixXd& m) {
  return {m.data(), static_cast<std::size_t>(m.size())};
}

// Columns cos(t_i) e_i + sin(t_i) e_{k+i}, rotated, against e_1..e_k, rotated alike: angles t_i.
TEST(PrincipalAngles, AreThoseThatWereBuiltIn) {
  const std::vector<double> angles = {1e-9, 0.2, std::numbers::pi / 4, 1.3, std::numbers::pi / 2};
  const Index k = 5, n = 30;
  const MatrixXd rotation = random_rotation(n);
  MatrixXd turned = MatrixXd::Zero(n, k);
  for (Index i = 0; i < k; ++i) {
    turned(i, i) = std::cos(angles[static_cast<std::size_t>(i)]);
    turned(k + i, i) = std::sin(angles[static_cast<std::size_t>(i)]);
  }
  // Any basis of the span will do.
  const MatrixXd a = rotation.leftCols(k) * random_matrix(k, k, 3);
  const MatrixXd b = rotation * turned * random_matrix(k, k, 4);
  const SubspaceAngles found = principal_angles(elements(a), elements(b), n);
  ASSERT_EQ(found.radians.size(), 5);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(found.radians[i], angles[i], 1e-13) << i;
}

TEST(PrincipalAngles, OfSubspacesOfUnequalSize) {
  const MatrixXd rotation = random_rotation(10);
  const MatrixXd plane = rotation.leftCols(4);
  MatrixXd two(10, 2);
  two.col(0) = plane.col(1) + plane.col(3);                        // inside
  two.col(1) = (plane.col(2) + rotation.col(8)) * std::sqrt(0.5);  // half outside: 45 degrees
  for (const bool swapped : {false, true}) {
    const auto a = elements(plane), b = elements(two);
    const auto found = principal_angles(swapped ? b : a, swapped ? a : b, 10).radians;
    ASSERT_EQ(found.size(), 2);
    EXPECT_NEAR(found[0], 0, 1e-14);
    EXPECT_NEAR(found[1], std::numbers::pi / 4, 1e-14);
  }
  EXPECT_TRUE(principal_angles(elements(plane), {}, 10).radians.empty());
}

TEST(PrincipalAngles, DependentVectorsSpanNoSuchSubspace) {
  MatrixXd twice = random_matrix(10, 2);
  twice.col(1) = 2 * twice.col(0);
  EXPECT_THROW(principal_angles(elements(twice), elements(twice), 10), RunError);
}

}  // namespace
}  // namespace understudy
