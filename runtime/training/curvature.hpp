// The curvature of a loss, through products with its Hessian. The instruments beside this file
// (curvature_eigenpairs, curvature_estimates, curvature_geometry) know H only as v -> H v, and
// docs/curvature.md says what each of them tells.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "runtime/learners/learner.hpp"

namespace understudy {

// A symmetric matrix of `size` rows, known by its products. `multiply` takes any number of vectors,
// one after another, and writes as many products; one call may be quicker than several.
struct HessianMap {
  std::size_t size = 0;
  std::function<void(std::span<const double> vectors, std::span<double> products)> multiply;
};

// What a result cost: Hessian-vector products (a block of b counts b) and wall-clock time.
struct CurvatureCost {
  std::size_t products = 0;
  double seconds = 0;
};

struct LossHessianOptions {
  std::size_t batch = 100;       // samples differentiated together
  std::size_t kept_batches = 4;  // so many keep their graph between calls, the others build it anew
};

// The Hessian of the mean loss over these samples of the source, products summed over batches in
// double. Its rows are the trainable elements of the layout, in order. Borrows all but `samples`,
// which must outlive it, unchanged; used by one thread at a time. Throws RunError without samples.
template <class Scalar>
HessianMap loss_hessian(const BasicLearner<Scalar>& learner, std::span<const Scalar> parameters,
                        const BatchSource& source, std::vector<std::uint32_t> samples,
                        const LossHessianOptions& options);

// Between vectors of layout.size elements and their trainable elements, which follow one another.
std::size_t trainable_size(const Layout& layout);
template <class From, class To>
void gather_trainable(const Layout& layout, std::span<const From> all, std::span<To> trainable);
// Buffers' stretches are left alone.
template <class From, class To>
void scatter_trainable(const Layout& layout, std::span<const From> trainable, std::span<To> all);

}  // namespace understudy
