#include "runtime/training/curvature_estimates.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "runtime/training/curvature_meter.hpp"

namespace understudy {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t kProbesTogether = 8;
constexpr double kNegligible = 1e-12;  // of |H q|: Lanczos has found an invariant subspace

// Welford's running mean and sum of squared deviations.
struct Running {
  double mean = 0;
  double squares = 0;
  void add(double value, double count) {
    const double step = value - mean;
    mean += step / count;
    squares += step * (value - mean);
  }
  ProbeMean estimate(double count) const {
    return {mean, std::sqrt(squares / (count - 1) / count)};
  }
};

// Fills with -1 and 1, a bit of a draw for each.
void draw_signs(RandomStream& random, std::span<double> out) {
  constexpr std::size_t kBits = 32;
  for (std::size_t i = 0; i < out.size(); i += kBits) {
    std::uint32_t bits = random();
    for (double& sign : out.subspan(i, std::min(kBits, out.size() - i))) {
      sign = (bits & 1u) != 0 ? 1 : -1;
      bits >>= 1;
    }
  }
}

std::span<const double> elements(const VectorXd& v) {
  return {v.data(), static_cast<std::size_t>(v.size())};
}

// The Jacobi matrix of `steps` Lanczos steps from `q`; smaller where they end in an invariant
// subspace.
MatrixXd jacobi_matrix(MeteredHessian& hessian, VectorXd q, Index steps) {
  MatrixXd basis(q.size(), steps);
  MatrixXd jacobi = MatrixXd::Zero(steps, steps);
  VectorXd w(q.size());
  for (Index j = 0; j < steps; ++j) {
    basis.col(j) = q;
    hessian.multiply(elements(q), {w.data(), static_cast<std::size_t>(w.size())});
    const double size = w.norm();
    jacobi(j, j) = q.dot(w);
    const auto found = basis.leftCols(j + 1);
    for (int pass = 0; pass < 2; ++pass) w -= found * (found.transpose() * w);
    const double beta = w.norm();
    if (j + 1 == steps) break;
    if (beta <= kNegligible * size) return jacobi.topLeftCorner(j + 1, j + 1);
    jacobi(j, j + 1) = jacobi(j + 1, j) = beta;
    q = w / beta;
  }
  return jacobi;
}

}  // namespace

HutchinsonResult hutchinson(const HessianMap& hessian, std::size_t probes, RandomStream random) {
  if (probes < 2) throw RunError("Hutchinson's estimate needs at least two probes for its error");
  MeteredHessian metered(hessian);
  const std::size_t n = hessian.size;
  Running trace;
  std::vector<Running> diagonal(n);
  std::vector<double> signs, products;
  double count = 0;
  for (std::size_t done = 0; done < probes;) {
    const std::size_t together = std::min(kProbesTogether, probes - done);
    signs.resize(together * n);
    products.resize(together * n);
    draw_signs(random, signs);
    metered.multiply(signs, products);
    for (std::size_t p = 0; p < together; ++p) {
      ++count;
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double term = signs[p * n + i] * products[p * n + i];
        sum += term;
        diagonal[i].add(term, count);
      }
      trace.add(sum, count);
    }
    done += together;
  }
  HutchinsonResult result{.trace = trace.estimate(count)};
  for (const Running& element : diagonal) result.diagonal.push_back(element.estimate(count));
  result.cost = metered.cost();
  return result;
}

SpectralDensity spectral_density(const HessianMap& hessian, const SpectralDensityOptions& options,
                                 RandomStream random) {
  if (options.probes == 0 || options.steps == 0)
    throw RunError("a spectral density needs at least one probe and one step");
  MeteredHessian metered(hessian);
  const auto steps = static_cast<Index>(std::min(options.steps, hessian.size));
  SpectralDensity density;
  VectorXd probe(static_cast<Index>(hessian.size));
  for (std::size_t p = 0; p < options.probes; ++p) {
    draw_signs(random, {probe.data(), hessian.size});
    const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(
        jacobi_matrix(metered, probe.normalized(), steps));
    for (Index i = 0; i < solver.eigenvalues().size(); ++i) {
      density.nodes.push_back(solver.eigenvalues()[i]);
      density.weights.push_back(std::pow(solver.eigenvectors()(0, i), 2) /
                                static_cast<double>(options.probes));
    }
  }
  density.cost = metered.cost();
  return density;
}

}  // namespace understudy
