// Arithmetic on flat parameter vectors.
#pragma once

#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "runtime/base/errors.hpp"
#include "runtime/learners/learner.hpp"

namespace understudy {

template <class Scalar>
using View = std::span<const std::type_identity_t<Scalar>>;

// y += factor x
template <class Scalar>
void add_scaled(std::span<Scalar> y, double factor, View<Scalar> x) {
  UNDERSTUDY_CHECK(x.size() == y.size());
  const auto f = static_cast<Scalar>(factor);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += f * x[i];
}

// out = a - b
template <class Scalar>
void subtract(View<Scalar> a, View<Scalar> b, std::span<Scalar> out) {
  UNDERSTUDY_CHECK(a.size() == out.size() && b.size() == out.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = a[i] - b[i];
}

// out = (1 - share) a + share b
template <class Scalar>
void mix(View<Scalar> a, View<Scalar> b, double share, std::span<Scalar> out) {
  UNDERSTUDY_CHECK(a.size() == out.size() && b.size() == out.size());
  const auto of_b = static_cast<Scalar>(share);
  const Scalar of_a = 1 - of_b;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = of_a * a[i] + of_b * b[i];
}

// Summed in double, whatever the scalars.
template <class Scalar>
double dot(std::span<const Scalar> a, std::span<const Scalar> b) {
  UNDERSTUDY_CHECK(a.size() == b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}
template <class Scalar>
double norm(std::span<const Scalar> a) {
  return std::sqrt(dot(a, a));
}

template <class Scalar>
bool all_finite(std::span<const Scalar> a) {
  // A sum is finite only if its terms are; that finite ones overflow is as bad.
  double sum = 0;
  for (const Scalar x : a) sum += std::abs(static_cast<double>(x));
  return std::isfinite(sum);
}

}  // namespace understudy
