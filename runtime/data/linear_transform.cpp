#include "runtime/data/linear_transform.hpp"

#include <Eigen/Dense>
#include <cmath>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Map<const RowMajor> view(const Matrix& m) {
  return {m.values.data(), static_cast<Eigen::Index>(m.rows), static_cast<Eigen::Index>(m.columns)};
}

std::vector<double> means(const Matrix& x) {
  UNDERSTUDY_CHECK(x.rows > 0);
  const Eigen::VectorXd mean = view(x).colwise().mean();
  return {mean.begin(), mean.end()};
}

// Without regard to rounding, so that equal magnitudes always give the first.
double sign_of(const Eigen::VectorXd& component) {
  const double largest = component.cwiseAbs().maxCoeff();
  for (const double element : component) {
    if (std::abs(element) >= largest * (1 - 1e-9)) return element < 0 ? -1 : 1;
  }
  return 1;
}

}  // namespace

Matrix LinearTransform::apply(const Matrix& x) const {
  UNDERSTUDY_CHECK(x.columns == mean.size() && weights.rows == mean.size());
  const Eigen::Map<const Eigen::RowVectorXd> centre(mean.data(),
                                                    static_cast<Eigen::Index>(mean.size()));
  const RowMajor y = (view(x).rowwise() - centre) * view(weights);
  return {x.rows, weights.columns, {y.data(), y.data() + y.size()}};
}

LinearTransform fit_standardisation(const Matrix& x) {
  LinearTransform out{means(x), {x.columns, x.columns, {}}};
  out.weights.values.assign(x.columns * x.columns, 0);
  for (std::size_t c = 0; c < x.columns; ++c) {
    double squares = 0;
    for (std::size_t r = 0; r < x.rows; ++r) {
      const double from_mean = x.at(r, c) - out.mean[c];
      squares += from_mean * from_mean;
    }
    const double deviation = std::sqrt(squares / static_cast<double>(x.rows));
    const bool constant = deviation <= 1e-12 * std::abs(out.mean[c]);
    if (!constant) out.weights.at(c, c) = 1 / deviation;
  }
  return out;
}

LinearTransform fit_principal_components(const Matrix& x, std::size_t components) {
  UNDERSTUDY_CHECK(components > 0 && components <= x.columns);
  LinearTransform out{means(x), {x.columns, components, {}}};
  const Eigen::Map<const Eigen::RowVectorXd> centre(out.mean.data(),
                                                    static_cast<Eigen::Index>(x.columns));
  const RowMajor centred = view(x).rowwise() - centre;
  const Eigen::MatrixXd covariance = centred.transpose() * centred / static_cast<double>(x.rows);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  UNDERSTUDY_CHECK(solver.info() == Eigen::Success);
  out.weights.values.resize(x.columns * components);
  for (std::size_t c = 0; c < components; ++c) {
    // Eigenvalues ascend.
    const Eigen::VectorXd component =
        solver.eigenvectors().col(static_cast<Eigen::Index>(x.columns - 1 - c));
    const double sign = sign_of(component);
    for (std::size_t r = 0; r < x.columns; ++r)
      out.weights.at(r, c) = sign * component[static_cast<Eigen::Index>(r)];
  }
  return out;
}

}  // namespace understudy
