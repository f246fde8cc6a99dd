#include "runtime/training/curvature_estimates.hpp"

#include <cmath>

#include "runtime/base/errors.hpp"
#include "tests/training/matrices.hpp"

namespace understudy {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

const std::vector<double> kSpectrum = {7, -3, 2, 1.5, 1, 0.5, 0.25, 0, -0.5, -1, 4, 2.5};

MatrixXd diagonal_matrix() { return with_spectrum(kSpectrum, MatrixXd::Identity(12, 12)); }

MatrixXd dense_matrix() { return with_spectrum(kSpectrum, random_rotation(12)); }

double moment(const SpectralDensity& density, int k) {
  double sum = 0;
  for (std::size_t i = 0; i < density.nodes.size(); ++i)
    sum += density.weights[i] * std::pow(density.nodes[i], k);
  return sum;
}

double mean_power(int k) {
  double sum = 0;
  for (const double value : kSpectrum) sum += std::pow(value, k);
  return sum / static_cast<double>(kSpectrum.size());
}

// z_i^2 = 1, so that no draw matters.
TEST(Hutchinson, IsExactForDiagonalMatrices) {
  const HutchinsonResult result = hutchinson(as_map(diagonal_matrix()), 3, test_stream());
  EXPECT_NEAR(result.trace.mean, 14.25, 1e-13);
  EXPECT_NEAR(result.trace.error, 0, 1e-13);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(result.diagonal[i].mean, kSpectrum[i]);
    EXPECT_EQ(result.diagonal[i].error, 0);
  }
  EXPECT_EQ(result.cost.products, 3);
}

// The variances stand in the header; the sample's own deviation is within 1 / sqrt(2 probes) = 1 %
// of them, here 5 of those. Means lie within 5 standard errors.
TEST(Hutchinson, HasTheMeansAndTheErrorsOfTheory) {
  constexpr std::size_t kProbes = 5000;
  const MatrixXd h = dense_matrix();
  const HutchinsonResult result = hutchinson(as_map(h), kProbes, test_stream());
  const MatrixXd off = h - MatrixXd(h.diagonal().asDiagonal());
  const double error = std::sqrt(2 * off.squaredNorm() / kProbes);
  EXPECT_NEAR(result.trace.error / error, 1, 0.05);
  EXPECT_NEAR(result.trace.mean, h.trace(), 5 * error);
  for (Index i = 0; i < 12; ++i) {
    const ProbeMean& estimate = result.diagonal[static_cast<std::size_t>(i)];
    const double expected = off.row(i).norm() / std::sqrt(static_cast<double>(kProbes));
    EXPECT_NEAR(estimate.error / expected, 1, 0.05) << i;
    EXPECT_NEAR(estimate.mean, h(i, i), 5 * expected) << i;
  }
}

TEST(Hutchinson, NeedsTwoProbes) {
  EXPECT_THROW(hutchinson(as_map(diagonal_matrix()), 1, test_stream()), RunError);
}

// For a diagonal H, z^T H^k z = tr H^k whatever the signs; m steps are a Gauss quadrature, exact
// for polynomials up to degree 2 m - 1 (Golub and Meurant).
TEST(SpectralDensity, MomentsAreThoseOfTheMatrix) {
  constexpr int kSteps = 4;
  const SpectralDensity density =
      spectral_density(as_map(diagonal_matrix()), {.probes = 3, .steps = kSteps}, test_stream());
  EXPECT_EQ(density.cost.products, 12);
  EXPECT_EQ(density.nodes.size(), 12);
  for (int k = 0; k < 2 * kSteps; ++k)
    EXPECT_NEAR(moment(density, k) / mean_power(k), 1, 1e-12) << k;
  EXPECT_GT(std::abs(moment(density, 2 * kSteps) / mean_power(2 * kSteps) - 1), 1e-6);
}

// A dense one's k-th moment is the mean of z^T H^k z / n, with the trace estimate's variance.
TEST(SpectralDensity, OfADenseMatrixIsWithinItsError) {
  constexpr std::size_t kProbes = 2000;
  const MatrixXd h = dense_matrix();
  const SpectralDensity density =
      spectral_density(as_map(h), {.probes = kProbes, .steps = 12}, test_stream());
  MatrixXd power = h;
  for (int k = 1; k < 6; ++k, power *= h) {
    const MatrixXd off = power - MatrixXd(power.diagonal().asDiagonal());
    const double error = std::sqrt(2 * off.squaredNorm() / kProbes) / 12;
    EXPECT_NEAR(moment(density, k), mean_power(k), 5 * error) << k;
  }
}

// Two distinct eigenvalues: two steps find both, with the shares of the rows, and no more follow.
TEST(SpectralDensity, StopsInAnInvariantSubspace) {
  std::vector<double> spectrum(16, 1.0);
  std::fill_n(spectrum.begin(), 4, 5.0);
  const MatrixXd h = with_spectrum(spectrum, MatrixXd::Identity(16, 16));
  const SpectralDensity density =
      spectral_density(as_map(h), {.probes = 1, .steps = 10}, test_stream());
  ASSERT_EQ(density.nodes.size(), 2);
  EXPECT_NEAR(density.nodes[0], 1, 1e-12);
  EXPECT_NEAR(density.nodes[1], 5, 1e-12);
  EXPECT_NEAR(density.weights[0], 0.75, 1e-12);
  EXPECT_NEAR(density.weights[1], 0.25, 1e-12);
  EXPECT_EQ(density.cost.products, 2);
  EXPECT_THROW(spectral_density(as_map(h), {.probes = 0}, test_stream()), RunError);
}

}  // namespace
}  // namespace understudy
