#include "runtime/learners/torch/pooling.hpp"

#include <algorithm>

namespace understudy {
namespace {

// Calls visit(pixel, corner) for every pooled pixel: the index of its channels in the pooled array
// and of its window's first element's channels in the input, both in elements.
template <class Visit>
[[gnu::always_inline]] inline void each_window(const PoolShape& s, Visit visit) {
  const std::int64_t rows = s.rows / s.size;
  const std::int64_t columns = s.columns / s.size;
  std::int64_t pooled = 0;
  for (std::int64_t n = 0; n < s.count; ++n) {
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t column = 0; column < columns; ++column) {
        const std::int64_t pixel = (n * s.rows + row * s.size) * s.columns + column * s.size;
        visit(pooled, pixel * s.channels);
        pooled += s.channels;
      }
    }
  }
}

template <class Scalar>
[[gnu::always_inline]] inline void forward(const PoolShape& s, const Scalar* input, Scalar* output,
                                           std::int32_t* choice) {
  each_window(s, [&](std::int64_t pooled, std::int64_t corner) {
    Scalar* __restrict best = output + pooled;
    std::int32_t* __restrict place = choice + pooled;
    std::copy_n(input + corner, s.channels, best);
    std::fill_n(place, s.channels, 0);
    for (std::int64_t t = 1; t < s.size * s.size; ++t) {
      const Scalar* __restrict window =
          input + corner + (t / s.size * s.columns + t % s.size) * s.channels;
      const auto here = static_cast<std::int32_t>(t);
      for (std::int64_t c = 0; c < s.channels; ++c) {
        const bool better = (window[c] > best[c]) | (window[c] != window[c]);
        best[c] = better ? window[c] : best[c];
        place[c] = better ? here : place[c];
      }
    }
    if (!s.relu) return;
    for (std::int64_t c = 0; c < s.channels; ++c) {
      const bool cut = best[c] <= 0;
      best[c] = cut ? 0 : best[c];
      place[c] = cut ? -1 : place[c];
    }
  });
}

template <class Scalar>
[[gnu::always_inline]] inline void backward(const PoolShape& s, const Scalar* gradient,
                                            const std::int32_t* choice, Scalar* input_gradient) {
  if (s.rows % s.size != 0 || s.columns % s.size != 0) {
    std::fill_n(input_gradient, s.count * s.rows * s.columns * s.channels, Scalar{0});
  }
  each_window(s, [&](std::int64_t pooled, std::int64_t corner) {
    const Scalar* __restrict from = gradient + pooled;
    const std::int32_t* __restrict place = choice + pooled;
    for (std::int64_t t = 0; t < s.size * s.size; ++t) {
      Scalar* __restrict window =
          input_gradient + corner + (t / s.size * s.columns + t % s.size) * s.channels;
      const auto here = static_cast<std::int32_t>(t);
      for (std::int64_t c = 0; c < s.channels; ++c) window[c] = place[c] == here ? from[c] : 0;
    }
  });
}

template <class Scalar>
[[gnu::always_inline]] inline void chosen(const PoolShape& s, const Scalar* input,
                                          const std::int32_t* choice, Scalar* output) {
  each_window(s, [&](std::int64_t pooled, std::int64_t corner) {
    Scalar* __restrict to = output + pooled;
    const std::int32_t* __restrict place = choice + pooled;
    std::fill_n(to, s.channels, Scalar{0});
    for (std::int64_t t = 0; t < s.size * s.size; ++t) {
      const Scalar* __restrict window =
          input + corner + (t / s.size * s.columns + t % s.size) * s.channels;
      for (std::int64_t c = 0; c < s.channels; ++c) to[c] = place[c] == t ? window[c] : to[c];
    }
  });
}

#if defined(__x86_64__)
bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
}

// Comparisons and moves only, so that the bits don't depend on the instruction set.
template <class Scalar>
[[gnu::target("avx2")]] void forward_avx2(const PoolShape& s, const Scalar* input, Scalar* output,
                                          std::int32_t* choice) {
  forward(s, input, output, choice);
}
template <class Scalar>
[[gnu::target("avx2")]] void backward_avx2(const PoolShape& s, const Scalar* gradient,
                                           const std::int32_t* choice, Scalar* input_gradient) {
  backward(s, gradient, choice, input_gradient);
}
template <class Scalar>
[[gnu::target("avx2")]] void chosen_avx2(const PoolShape& s, const Scalar* input,
                                         const std::int32_t* choice, Scalar* output) {
  chosen(s, input, choice, output);
}
#endif

template <class Scalar>
void dispatch_forward(const PoolShape& s, const Scalar* input, Scalar* output,
                      std::int32_t* choice) {
#if defined(__x86_64__)
  if (has_avx2()) return forward_avx2(s, input, output, choice);
#endif
  forward(s, input, output, choice);
}

template <class Scalar>
void dispatch_backward(const PoolShape& s, const Scalar* gradient, const std::int32_t* choice,
                       Scalar* input_gradient) {
#if defined(__x86_64__)
  if (has_avx2()) return backward_avx2(s, gradient, choice, input_gradient);
#endif
  backward(s, gradient, choice, input_gradient);
}

template <class Scalar>
void dispatch_chosen(const PoolShape& s, const Scalar* input, const std::int32_t* choice,
                     Scalar* output) {
#if defined(__x86_64__)
  if (has_avx2()) return chosen_avx2(s, input, choice, output);
#endif
  chosen(s, input, choice, output);
}

}  // namespace

void pool_forward(const PoolShape& s, const float* input, float* output, std::int32_t* choice) {
  dispatch_forward(s, input, output, choice);
}
void pool_forward(const PoolShape& s, const double* input, double* output, std::int32_t* choice) {
  dispatch_forward(s, input, output, choice);
}
void pool_backward(const PoolShape& s, const float* gradient, const std::int32_t* choice,
                   float* input_gradient) {
  dispatch_backward(s, gradient, choice, input_gradient);
}
void pool_backward(const PoolShape& s, const double* gradient, const std::int32_t* choice,
                   double* input_gradient) {
  dispatch_backward(s, gradient, choice, input_gradient);
}
void pool_chosen(const PoolShape& s, const float* input, const std::int32_t* choice,
                 float* output) {
  dispatch_chosen(s, input, choice, output);
}
void pool_chosen(const PoolShape& s, const double* input, const std::int32_t* choice,
                 double* output) {
  dispatch_chosen(s, input, choice, output);
}

}  // namespace understudy
