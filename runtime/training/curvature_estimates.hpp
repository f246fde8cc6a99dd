// Estimates from random vectors: trace, diagonal, spectrum.
#pragma once

#include "runtime/base/random.hpp"
#include "runtime/training/curvature.hpp"

namespace understudy {

// A mean over probes, and its standard error: the sample's deviation / sqrt(probes).
struct ProbeMean {
  double mean = 0;
  double error = 0;
};

struct HutchinsonResult {
  ProbeMean trace;
  std::vector<ProbeMean> diagonal;
  CurvatureCost cost;  // one product a probe
};

// z drawn from {-1, 1}^n: z^T H z has the mean tr H and the variance 2 sum_{i != j} H_ij^2
// (Hutchinson, Commun. Stat. Simul. Comput. 19, 1990); z_i (H z)_i has the mean H_ii and the
// variance sum_{j != i} H_ij^2 (Bekas, Kokiopoulou and Saad, Appl. Numer. Math. 57, 2007). Both are
// exact where H is diagonal. At least two probes, or RunError.
HutchinsonResult hutchinson(const HessianMap& hessian, std::size_t probes, RandomStream random);

// The spectrum as weighted points: the sum of w_i f(l_i) is about tr f(H) / n. Weights add up to 1.
struct SpectralDensity {
  std::vector<double> nodes;  // ascending within each probe
  std::vector<double> weights;
  CurvatureCost cost;  // at most probes x steps products
};

struct SpectralDensityOptions {
  std::size_t probes = 8;
  std::size_t steps = 30;  // of Lanczos for each probe: moments up to 2 steps - 1 are exact for it
};

// Stochastic Lanczos quadrature, with full re-orthogonalisation (Ubaru, Chen and Saad, SIAM J.
// Matrix Anal. Appl. 38, 2017; for neural networks Ghorbani, Krishnan and Xiao, ICML 2019). Probes
// are from {-1, 1}^n / sqrt(n). Without probes or steps RunError.
SpectralDensity spectral_density(const HessianMap& hessian, const SpectralDensityOptions& options,
                                 RandomStream random);

}  // namespace understudy
