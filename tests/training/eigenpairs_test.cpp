#include "runtime/training/curvature_eigenpairs.hpp"

#include <cmath>
#include <limits>

#include "runtime/base/errors.hpp"
#include "tests/training/matrices.hpp"

namespace understudy {
namespace {

using Eigen::Index;
using Eigen::Map;
using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd vectors_of(const TopEigenpairs& pairs) {
  return Map<const MatrixXd>(pairs.vectors.data(), static_cast<Index>(pairs.size),
                             static_cast<Index>(pairs.values.size()));
}

// Every property that an answer promises, from the matrix itself. A residual r bounds the distance
// to an eigenvalue by r |l|.
void expect_pairs_of(const MatrixXd& h, const TopEigenpairs& pairs,
                     const std::vector<double>& values, double tolerance) {
  ASSERT_TRUE(pairs.converged);
  ASSERT_EQ(pairs.values.size(), values.size());
  const MatrixXd v = vectors_of(pairs);
  const auto k = static_cast<Index>(values.size());
  EXPECT_LT((v.transpose() * v - MatrixXd::Identity(k, k)).norm(), 1e-12);
  for (Index i = 0; i < k; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double scale = std::max(std::abs(values[at]), 1e-9);
    EXPECT_NEAR(pairs.values[at], values[at], tolerance * scale + 1e-12) << i;
    const double residual = (h * v.col(i) - pairs.values[at] * v.col(i)).norm();
    EXPECT_LT(residual, tolerance * scale * (1 + 1e-6) + 1e-11) << i;
    EXPECT_NEAR(pairs.residuals[at] * std::abs(pairs.values[at]), residual, 1e-10) << i;
  }
}

// -n, n - 1, -(n - 2), ...: alternating signs.
std::vector<double> alternating(int n) {
  std::vector<double> values;
  for (int i = n; i > 0; --i) values.push_back((n - i) % 2 == 0 ? -i : i);
  return values;
}

std::vector<double> first_of(std::vector<double> values, std::size_t k) {
  values.resize(k);
  return values;
}

TEST(Eigenpairs, AreThoseOfLargestMagnitudeWhateverTheirSign) {
  const auto spectrum = alternating(60);
  const MatrixXd h = with_spectrum(spectrum, random_rotation(60));
  for (const std::size_t block : {1, 2, 5}) {
    const TopEigenpairs pairs =
        top_eigenpairs(as_map(h), {.k = 5, .block = block, .tolerance = 1e-8}, test_stream());
    expect_pairs_of(h, pairs, first_of(spectrum, 5), 1e-8);
    EXPECT_LE(pairs.cost.products, 60) << "more products than rows";
    EXPECT_GT(pairs.cost.seconds, 0);
  }
}

TEST(Eigenpairs, OfADiagonalMatrix) {
  const auto spectrum = alternating(30);
  const MatrixXd h = with_spectrum(spectrum, MatrixXd::Identity(30, 30));
  const TopEigenpairs pairs =
      top_eigenpairs(as_map(h), {.k = 3, .tolerance = 1e-10}, test_stream());
  expect_pairs_of(h, pairs, {-30, 29, -28}, 1e-10);
  for (Index i = 0; i < 3; ++i) EXPECT_NEAR(std::abs(vectors_of(pairs)(i, i)), 1, 1e-10);
}

// A block of b finds b copies; every eigenvalue here but the triple one is simple.
TEST(Eigenpairs, CopiesOfAnEigenvalueAreFoundByABlockOfAsMany) {
  std::vector<double> spectrum = {9, 9, 9, -7, 6};
  for (int i = 0; i < 45; ++i) spectrum.push_back(0.1 * i);
  const MatrixXd h = with_spectrum(spectrum, random_rotation(50));
  const TopEigenpairs pairs =
      top_eigenpairs(as_map(h), {.k = 5, .block = 3, .tolerance = 1e-6}, test_stream());
  expect_pairs_of(h, pairs, {9, 9, 9, -7, 6}, 1e-6);
}

// Three distinct eigenvalues: a single vector's Krylov space ends after three products, and only
// fresh directions show the copies.
TEST(Eigenpairs, OfFewDistinctEigenvaluesNeedFreshDirections) {
  std::vector<double> spectrum = {5, 5, -4, -4, -4};
  spectrum.resize(40, 1.0);
  const MatrixXd h = with_spectrum(spectrum, random_rotation(40));
  const TopEigenpairs pairs = top_eigenpairs(as_map(h), {.k = 5, .tolerance = 1e-8}, test_stream());
  expect_pairs_of(h, pairs, {5, 5, -4, -4, -4}, 1e-8);
}

TEST(Eigenpairs, AllOrAllButOneOfThem) {
  const auto spectrum = alternating(12);
  const MatrixXd h = with_spectrum(spectrum, random_rotation(12));
  for (const std::size_t k : {11, 12}) {
    for (const std::size_t block : {1, 5, 20}) {
      const TopEigenpairs pairs =
          top_eigenpairs(as_map(h), {.k = k, .block = block, .tolerance = 1e-9}, test_stream());
      expect_pairs_of(h, pairs, first_of(spectrum, k), 1e-9);
      EXPECT_LE(pairs.cost.products, 12);
    }
  }
}

// The start spans the eigenvectors of the smallest eigenvalues.
TEST(Eigenpairs, AStartInsideAnInvariantSubspaceIsLeft) {
  const auto spectrum = alternating(40);
  const MatrixXd rotation = random_rotation(40);
  const MatrixXd h = with_spectrum(spectrum, rotation);
  const MatrixXd start = rotation.rightCols(3);
  for (const std::size_t block : {1, 3}) {
    const TopEigenpairs pairs =
        top_eigenpairs(as_map(h),
                       {.k = 2,
                        .block = block,
                        .tolerance = 1e-8,
                        .start = std::span(start.data(), static_cast<std::size_t>(start.size()))},
                       test_stream());
    expect_pairs_of(h, pairs, {-40, 39}, 1e-8);
  }
}

// Outliers over a bulk, as Hessians have them; rank 3 and the zero matrix at the end.
TEST(Eigenpairs, OfLowRankMatrices) {
  std::vector<double> spectrum = {3, -2, 1};
  spectrum.resize(30, 0.0);
  const MatrixXd h = with_spectrum(spectrum, random_rotation(30));
  expect_pairs_of(h, top_eigenpairs(as_map(h), {.k = 3, .tolerance = 1e-8}, test_stream()),
                  {3, -2, 1}, 1e-8);
  const TopEigenpairs beyond = top_eigenpairs(as_map(h), {.k = 5}, test_stream());
  EXPECT_TRUE(beyond.converged);
  EXPECT_NEAR(beyond.values[4], 0, 1e-12);
  const TopEigenpairs nothing =
      top_eigenpairs(as_map(MatrixXd::Zero(20, 20)), {.k = 2}, test_stream());
  EXPECT_TRUE(nothing.converged);
  EXPECT_EQ(nothing.values, (std::vector<double>{0, 0}));
}

std::vector<double> outliers_over_a_bulk(Index size) {
  std::vector<double> spectrum = {10, 8, 6.5, -5, 4};
  RandomStream random = test_stream(5);
  while (spectrum.size() < static_cast<std::size_t>(size))
    spectrum.push_back(random.uniform(-0.5, 1));
  return spectrum;
}

TEST(Eigenpairs, RestartsKeepTheBasisWithinItsBoundAndConverge) {
  std::vector<double> spectrum;
  for (int i = 200; i > 0; --i) spectrum.push_back(1 + i / 100.0);  // no gaps: many products
  const MatrixXd h = with_spectrum(spectrum, random_rotation(200));
  const TopEigenpairs pairs =
      top_eigenpairs(as_map(h), {.k = 3, .tolerance = 1e-6, .max_basis = 20}, test_stream());
  EXPECT_GT(pairs.cost.products, 20);
  expect_pairs_of(h, pairs, first_of(spectrum, 3), 1e-6);
}

TEST(Eigenpairs, AWarmStartSavesProducts) {
  const auto spectrum = outliers_over_a_bulk(300);
  const MatrixXd h = with_spectrum(spectrum, random_rotation(300));
  const MatrixXd noise = random_matrix(300, 300, 11);
  const MatrixXd nearby = h + 1e-3 * (noise + noise.transpose());
  const EigenpairOptions options{.k = 5};
  const TopEigenpairs before = top_eigenpairs(as_map(h), options, test_stream());
  const TopEigenpairs cold = top_eigenpairs(as_map(nearby), options, test_stream(2));
  EigenpairOptions warm_options = options;
  warm_options.start = before.vectors;
  const TopEigenpairs warm = top_eigenpairs(as_map(nearby), warm_options, test_stream(2));
  ASSERT_TRUE(cold.converged && warm.converged);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_NEAR(warm.values[i], cold.values[i], 2e-3 * std::abs(cold.values[i]));
  EXPECT_LT(warm.cost.products, cold.cost.products);
}

// PyHessian's way costs up to 100 products a pair; ten shared by all of them do not suffice here.
TEST(Eigenpairs, ProductsAreBoundedAndTheAnswerSaysSo) {
  const MatrixXd h = with_spectrum(outliers_over_a_bulk(300), random_rotation(300));
  const TopEigenpairs pairs =
      top_eigenpairs(as_map(h), {.k = 5, .block = 2, .max_products = 9}, test_stream());
  EXPECT_EQ(pairs.cost.products, 8);  // whole blocks only
  EXPECT_FALSE(pairs.converged);
  EXPECT_EQ(pairs.values.size(), 5);
  const MatrixXd v = vectors_of(pairs);
  for (Index i = 0; i < 5; ++i) {
    const auto at = static_cast<std::size_t>(i);
    EXPECT_NEAR((h * v.col(i) - pairs.values[at] * v.col(i)).norm(),
                pairs.residuals[at] * std::abs(pairs.values[at]), 1e-10);
  }
}

TEST(Eigenpairs, EqualStreamsGiveEqualBits) {
  const HessianMap map = as_map(with_spectrum(outliers_over_a_bulk(80), random_rotation(80)));
  const auto once = top_eigenpairs(map, {.k = 4, .block = 2}, test_stream());
  EXPECT_EQ(top_eigenpairs(map, {.k = 4, .block = 2}, test_stream()).vectors, once.vectors);
}

TEST(Eigenpairs, BadInputGetsASentence) {
  const HessianMap map = as_map(MatrixXd::Identity(4, 4));
  EXPECT_TRUE(top_eigenpairs(map, {.k = 0}, test_stream()).values.empty());
  const auto message = [](const HessianMap& of, std::size_t k) -> std::string {
    try {
      top_eigenpairs(of, {.k = k}, test_stream());
    } catch (const RunError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message(map, 5), "5 eigenpairs are wanted of a Hessian of 4 rows");
  MatrixXd diverged = MatrixXd::Identity(4, 4);
  diverged(1, 2) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message(as_map(diverged), 1),
            "a Hessian-vector product is not finite: has the model diverged?");
}

}  // namespace
}  // namespace understudy
