// Counts what an instrument spends; the instruments' own.
#pragma once

#include <chrono>
#include <cmath>

#include "runtime/base/errors.hpp"
#include "runtime/training/curvature.hpp"

namespace understudy {

// Multiplies and counts. Throws RunError where a product is not finite.
class MeteredHessian {
 public:
  explicit MeteredHessian(const HessianMap& map) : map_(map) {}

  std::size_t size() const { return map_.size; }

  void multiply(std::span<const double> vectors, std::span<double> products) {
    map_.multiply(vectors, products);
    cost_.products += vectors.size() / map_.size;
    for (const double value : products) {
      if (!std::isfinite(value))
        throw RunError("a Hessian-vector product is not finite: has the model diverged?");
    }
  }

  CurvatureCost cost() const {
    CurvatureCost spent = cost_;
    spent.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    return spent;
  }

 private:
  using Clock = std::chrono::steady_clock;
  const HessianMap& map_;
  Clock::time_point start_ = Clock::now();
  CurvatureCost cost_;
};

}  // namespace understudy
