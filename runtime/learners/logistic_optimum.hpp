// Logistic regression trained to its optimum, in double: what a training by gradients is held against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace understudy {

struct LogisticProblem {
  std::size_t features = 1;
  std::span<const float> values;         // row-major [labels.size(), features]
  std::span<const std::uint8_t> labels;  // 0 or 1
  double l2 = 0;
};

// The weights, features + 1 of them and the intercept last, that minimise the mean negative
// log-likelihood + l2/2 |w|^2, the intercept not regularised: Newton's method with halved steps
// (iteratively reweighted least squares; Hastie, Tibshirani, Friedman, "The Elements of Statistical
// Learning", 2nd ed., 4.4.1). Where features depend on each other, the solution of least norm of each
// step. Labels that a plane separates have no optimum without l2: the last of 50 steps then.
std::vector<double> logistic_optimum(const LogisticProblem& problem);

// w . x + b of each row.
std::vector<double> logits(std::span<const double> weights, std::span<const float> values);

}  // namespace understudy
