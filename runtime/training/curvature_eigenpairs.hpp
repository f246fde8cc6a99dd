// The eigenvalues of largest magnitude and their eigenvectors, by block Lanczos with full
// re-orthogonalisation (Golub and Underwood, "The block Lanczos method for computing eigenvalues",
// 1977) and thick restarts (Wu and Simon, SIAM J. Matrix Anal. Appl. 22, 2000) where the basis
// fills its memory.
#pragma once

#include "runtime/base/random.hpp"
#include "runtime/training/curvature.hpp"

namespace understudy {

struct EigenpairOptions {
  std::size_t k = 1;  // pairs wanted
  std::size_t block =
      1;  // vectors multiplied together; an eigenvalue's copies beyond it can be missed
  double tolerance = 1e-3;          // of |H v - l v| / |l|
  std::size_t max_products = 1000;  // Hessian-vector products, at most; at least one block is made
  std::size_t max_basis = 0;        // vectors held; 0: 60, or 3 k + 2 block if that is more
  // Warm start: eigenvectors of a Hessian nearby, one after another. May be empty.
  std::span<const double> start;
};

struct TopEigenpairs {
  std::size_t size = 0;           // elements of a vector
  std::vector<double> values;     // descending by magnitude
  std::vector<double> vectors;    // orthonormal, one after another
  std::vector<double> residuals;  // |H v - l v| / |l|, as the recurrence gives them
  bool converged = false;         // all residuals are within the tolerance
  CurvatureCost cost;

  std::span<const double> vector(std::size_t i) const {
    return std::span(vectors).subspan(i * size, size);
  }
};

// Eigenvalues that are zero to rounding (1e-12 of the largest) count as converged. `random` draws
// the start, or what is added to a given one, so that no eigenvector is orthogonal to it. Throws
// RunError where k exceeds the dimension or a product is not finite.
TopEigenpairs top_eigenpairs(const HessianMap& hessian, const EigenpairOptions& options,
                             RandomStream random);

}  // namespace understudy
