// How models lie to one another: the loss between two of them, and the angles between their
// subspaces.
#pragma once

#include "runtime/training/curvature.hpp"

namespace understudy {

struct PathPoint {
  double at = 0;  // the share l of the second model
  Evaluation evaluation;
};

struct LossPath {
  std::vector<PathPoint> points;  // from l = 0 to l = 1
  // The greatest excess over the chord, L(l) - (1 - l) L(0) - l L(1), and where; not below 0, which
  // it is at the ends (Frankle et al., "Linear mode connectivity and the lottery ticket
  // hypothesis", ICML 2020).
  double barrier = 0;
  double barrier_at = 0;
  CurvatureCost cost;  // seconds; no products
};

struct LossPathOptions {
  std::size_t points = 11;  // equally far apart, both ends among them; at least 2
  std::size_t first = 0;    // sample of the source
  std::size_t count = 0;    // samples; 0: all that follow
};

// The loss along (1 - l) from + l to, buffers included. Throws RunError with fewer points than two.
template <class Scalar>
LossPath loss_path(const BasicLearner<Scalar>& learner, std::span<const Scalar> from,
                   std::span<const Scalar> to, const BatchSource& source,
                   const LossPathOptions& options);

struct SubspaceAngles {
  std::vector<double> radians;  // ascending, in [0, pi/2]; as many as the smaller subspace's
  CurvatureCost cost;           // seconds; no products
};

// Principal angles between the spans of two sets of vectors of `size` elements each, one after
// another; they need not be orthonormal. From cosines and sines, so that small angles keep their
// digits (Bjorck and Golub, Math. Comput. 27, 1973). Throws RunError where the vectors of a set
// are linearly dependent.
SubspaceAngles principal_angles(std::span<const double> a, std::span<const double> b,
                                std::size_t size);

}  // namespace understudy
