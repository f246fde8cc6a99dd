// Linear maps of features, fitted on some rows and applied to any: standardisation and principal
// components.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace understudy {

// Row-major.
struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;

  double& at(std::size_t row, std::size_t column) { return values[row * columns + column]; }
  double at(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
};

// y = (x - mean) W, with W of mean.size() x outputs elements.
struct LinearTransform {
  std::vector<double> mean;
  Matrix weights;

  Matrix apply(const Matrix& x) const;
};

// Mean 0 and variance 1 (divided by n) on the rows fitted; a feature that is constant there becomes
// 0. At least one row.
LinearTransform fit_standardisation(const Matrix& x);

// The scores of the first `components` principal components, those of largest variance first: the
// eigenvectors of the covariance. Of each component the element of largest magnitude, among equal ones
// the first, is positive. components <= columns; at least one row.
LinearTransform fit_principal_components(const Matrix& x, std::size_t components);

}  // namespace understudy
