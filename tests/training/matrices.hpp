// Symmetric matrices with chosen spectra, as the instruments of curvature see them.
#pragma once

#include <Eigen/Dense>

#include "runtime/base/random.hpp"
#include "runtime/training/curvature.hpp"

namespace understudy {

inline RandomStream test_stream(std::uint64_t seed = 1) {
  return RandomStream({.seed = seed, .purpose = Purpose::kTest});
}

inline Eigen::MatrixXd random_matrix(Eigen::Index rows, Eigen::Index columns,
                                     std::uint64_t seed = 7) {
  RandomStream random = test_stream(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return random.normal(); });
}

inline Eigen::MatrixXd random_rotation(Eigen::Index size, std::uint64_t seed = 7) {
  return Eigen::HouseholderQR<Eigen::MatrixXd>(random_matrix(size, size, seed)).householderQ();
}

// Q diag(eigenvalues) Q^T; column i of `rotation` is eigenvector i.
inline Eigen::MatrixXd with_spectrum(const std::vector<double>& eigenvalues,
                                     const Eigen::MatrixXd& rotation) {
  const Eigen::Map<const Eigen::VectorXd> lambda(eigenvalues.data(), rotation.rows());
  return rotation * lambda.asDiagonal() * rotation.transpose();
}

inline HessianMap as_map(Eigen::MatrixXd matrix) {
  const auto size = static_cast<std::size_t>(matrix.rows());
  return {size, [m = std::move(matrix)](std::span<const double> v, std::span<double> out) {
            const Eigen::Index columns = static_cast<Eigen::Index>(v.size()) / m.rows();
            Eigen::Map<Eigen::MatrixXd>(out.data(), m.rows(), columns) =
                m * Eigen::Map<const Eigen::MatrixXd>(v.data(), m.rows(), columns);
          }};
}

}  // namespace understudy
