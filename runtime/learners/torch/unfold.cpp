#include "runtime/learners/torch/unfold.hpp"

#include <algorithm>

namespace understudy {
namespace {

// Calls visit(row, pixel) for every place of every window: where the place's first channel stands in the
// matrix, and in the images, in elements; -1 outside of them.
template <class Visit>
[[gnu::always_inline]] inline void each_place(const WindowShape& s, Visit visit) {
  const std::int64_t area = s.kernel * s.kernel, out = s.out_rows() * s.out_columns();
  for (std::int64_t window = 0; window < s.count * out; ++window) {
    const std::int64_t n = window / out, within = window % out;
    const std::int64_t top = within / s.out_columns() * s.stride - s.padding;
    const std::int64_t left = within % s.out_columns() * s.stride - s.padding;
    for (std::int64_t t = 0; t < area; ++t) {
      const std::int64_t y = top + t / s.kernel, x = left + t % s.kernel;
      const bool inside = y >= 0 && y < s.rows && x >= 0 && x < s.columns;
      const std::int64_t pixel = inside ? ((n * s.rows + y) * s.columns + x) * s.channels : -1;
      visit(window * s.channels * area + t, pixel);
    }
  }
}

template <class Scalar>
[[gnu::always_inline]] inline void to_matrix(const WindowShape& s, const Scalar* images,
                                             Scalar* matrix) {
  const std::int64_t area = s.kernel * s.kernel;
  each_place(s, [&](std::int64_t row, std::int64_t pixel) {
    Scalar* const to = matrix + row;
    if (pixel < 0) {
      for (std::int64_t c = 0; c < s.channels; ++c) to[c * area] = 0;
    } else {
      for (std::int64_t c = 0; c < s.channels; ++c) to[c * area] = images[pixel + c];
    }
  });
}

template <class Scalar>
[[gnu::always_inline]] inline void to_images(const WindowShape& s, const Scalar* matrix,
                                             Scalar* images) {
  const std::int64_t area = s.kernel * s.kernel;
  std::fill_n(images, s.count * s.rows * s.columns * s.channels, Scalar{0});
  each_place(s, [&](std::int64_t row, std::int64_t pixel) {
    if (pixel < 0) return;
    for (std::int64_t c = 0; c < s.channels; ++c) images[pixel + c] += matrix[row + c * area];
  });
}

}  // namespace

void unfold(const WindowShape& shape, const float* images, float* matrix) {
  to_matrix(shape, images, matrix);
}
void unfold(const WindowShape& shape, const double* images, double* matrix) {
  to_matrix(shape, images, matrix);
}
void fold(const WindowShape& shape, const float* matrix, float* images) {
  to_images(shape, matrix, images);
}
void fold(const WindowShape& shape, const double* matrix, double* images) {
  to_images(shape, matrix, images);
}

}  // namespace understudy
