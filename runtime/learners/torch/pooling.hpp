// Max pooling with ReLU in one pass over channels-last activations: the two commute, and apart they
// read and write the largest activations of a small CNN four times over. Equal to max_pool2d and
// relu bit for bit, NaN included.
#pragma once

#include <cstdint>

namespace understudy {

// Arrays are [count, rows, columns, channels]; pooled ones [count, rows / size, columns / size,
// channels].
struct PoolShape {
  std::int64_t count = 0;
  std::int64_t channels = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t size = 2;  // of the square window, which is also the stride
  bool relu = false;
};

// `choice` gets the place 0..size^2-1 of the largest element in each window, row-major, the first
// among equals; -1 where ReLU cut it off.
void pool_forward(const PoolShape& shape, const float* input, float* output, std::int32_t* choice);
void pool_forward(const PoolShape& shape, const double* input, double* output,
                  std::int32_t* choice);
// Writes the whole of `input_gradient`.
void pool_backward(const PoolShape& shape, const float* gradient, const std::int32_t* choice,
                   float* input_gradient);
void pool_backward(const PoolShape& shape, const double* gradient, const std::int32_t* choice,
                   double* input_gradient);
// The transpose of pool_backward: into `output`, the element of each window that was chosen, 0 where
// none was.
void pool_chosen(const PoolShape& shape, const float* input, const std::int32_t* choice,
                 float* output);
void pool_chosen(const PoolShape& shape, const double* input, const std::int32_t* choice,
                 double* output);

}  // namespace understudy
