// The windows of a convolution over channels-last images, laid out as rows of a matrix.
#pragma once

#include <cstdint>

namespace understudy {

// Images are [count, rows, columns, channels]; the matrix is [count * out_rows * out_columns, channels *
// kernel * kernel], a row a window in the order of the weight's [channels, kernel, kernel].
struct WindowShape {
  std::int64_t count = 0;
  std::int64_t channels = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t kernel = 1;
  std::int64_t padding = 0;  // of zeros, at each side
  std::int64_t stride = 1;
  std::int64_t out_rows() const { return (rows + 2 * padding - kernel) / stride + 1; }
  std::int64_t out_columns() const { return (columns + 2 * padding - kernel) / stride + 1; }
};

// Writes the whole matrix.
void unfold(const WindowShape& shape, const float* images, float* matrix);
void unfold(const WindowShape& shape, const double* images, double* matrix);
// Its transpose: each pixel is the sum of what all windows hold of it. Writes all of the images.
void fold(const WindowShape& shape, const float* matrix, float* images);
void fold(const WindowShape& shape, const double* matrix, double* images);

}  // namespace understudy
