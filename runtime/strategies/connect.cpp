#include <algorithm>

#include "runtime/federated/arithmetic.hpp"
#include "runtime/strategies/gossip.hpp"

namespace understudy {
namespace {

double kept_out(ConnectVariant variant, double eigenvalue, double damping) {
  if (variant != ConnectVariant::kDamped) return 1;
  const double curvature = std::max(eigenvalue, 0.0);
  return curvature == 0 ? 0 : curvature / (curvature + damping);
}

}  // namespace

template <class Scalar>
void restrict_direction(ConnectVariant variant, const Eigenpairs<Scalar>& pairs, double damping,
                        std::span<Scalar> d) {
  if (variant == ConnectVariant::kPublished) return;
  for (std::size_t i = 0; i < pairs.diagonal.size(); ++i)
    d[i] *= static_cast<Scalar>(1 - kept_out(variant, pairs.diagonal[i], damping));
  // The vectors are orthonormal, so that one leaves the parts along the others as they are.
  for (std::size_t k = 0; k < pairs.values.size(); ++k) {
    const auto vector = std::span(pairs.vectors).subspan(k * d.size(), d.size());
    const double along = dot<Scalar>(vector, d);
    add_scaled<Scalar>(d, -kept_out(variant, pairs.values[k], damping) * along, vector);
  }
}

// Gram and Schmidt, twice, which is enough for orthogonality to rounding.
template <class Scalar>
Eigenpairs<Scalar> random_directions(std::size_t size, int count, RandomStream random) {
  Eigenpairs<Scalar> out;
  const std::size_t rows = std::min(static_cast<std::size_t>(count), size);
  out.vectors.resize(rows * size);
  out.values.assign(rows, 0);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto vector = std::span(out.vectors).subspan(row * size, size);
    for (Scalar& x : vector) x = static_cast<Scalar>(random.normal());
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t before = 0; before < row; ++before) {
        const auto other = std::span(out.vectors).subspan(before * size, size);
        add_scaled<Scalar>(vector, -dot<Scalar>(other, vector), other);
      }
      const double length = norm<Scalar>(vector);
      for (Scalar& x : vector) x = static_cast<Scalar>(static_cast<double>(x) / length);
    }
  }
  return out;
}

template void restrict_direction(ConnectVariant, const Eigenpairs<float>&, double,
                                 std::span<float>);
template void restrict_direction(ConnectVariant, const Eigenpairs<double>&, double,
                                 std::span<double>);
template Eigenpairs<float> random_directions(std::size_t, int, RandomStream);
template Eigenpairs<double> random_directions(std::size_t, int, RandomStream);

}  // namespace understudy
