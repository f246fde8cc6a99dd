// The arithmetic of logistic regression as the boards do it, compiled for both sides: what a board
// computes and what the host computes with the same calls agree to the bit. Single precision, only
// + - * / on normal numbers (avr-gcc's division is off by one unit in the last place on some
// subnormal results), in a fixed order; the host must not contract a * b + c into one operation
// (-ffp-contract=off). C++11 without a library: avr-gcc 5.4 compiles it.
//
// The model: P(y = 1 | x) = sigmoid(w . x + b). A vector of weights has features + 1 elements, the
// intercept b last. The loss is the mean negative log-likelihood + l2/2 |w|^2, b not regularised
// (Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning", 2nd ed., 4.4).
#pragma once

#include <stdint.h>
#include <string.h>

namespace understudy {
namespace kernel {

static const uint8_t kMostFeatures = 16;

// e^x for x in [-30, 30], clamped outside, NaN to 30; relative error below 1.2e-7. x = k ln 2 + r with
// |r| <= ln 2 / 2, e^r by its Taylor polynomial of degree 7, and 2^k written into the exponent.
inline float exponential(float x) {
  if (!(x < 30.0f)) x = 30.0f;
  if (x < -30.0f) x = -30.0f;
  const int16_t k = static_cast<int16_t>(x * 1.44269504f + (x < 0 ? -0.5f : 0.5f));
  const float r =
      (x - k * 0.693145752f) - k * 1.42860677e-6f;  // ln 2 in two parts: k * the first is exact
  float sum = 1.0f / 5040.0f;
  sum = sum * r + 1.0f / 720.0f;
  sum = sum * r + 1.0f / 120.0f;
  sum = sum * r + 1.0f / 24.0f;
  sum = sum * r + 1.0f / 6.0f;
  sum = sum * r + 0.5f;
  sum = sum * r + 1.0f;
  sum = sum * r + 1.0f;
  const uint32_t bits = static_cast<uint32_t>(k + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return sum * power;
}

// 1 / (1 + e^-z), in (0, 1).
inline float sigmoid(float z) { return 1.0f / (1.0f + exponential(-z)); }

// P(y = 1 | x). x has `features` elements.
inline float probability(const float* weights, const float* x, uint8_t features) {
  float z = weights[features];
  for (uint8_t i = 0; i < features; ++i) z += weights[i] * x[i];
  return sigmoid(z);
}

// Adds one sample's gradient, (p - label) (x, 1), to `gradient`. label is 0 or 1.
inline void accumulate(const float* weights, const float* x, uint8_t features, uint8_t label,
                       float* gradient) {
  const float error = probability(weights, x, features) - static_cast<float>(label);
  for (uint8_t i = 0; i < features; ++i) gradient[i] += error * x[i];
  gradient[features] += error;
}

// Ends a batch of `samples` >= 1: adds its mean gradient, that of the penalty included, to `total`,
// and clears `gradient`.
inline void finish_batch(const float* weights, float* gradient, uint8_t features, uint16_t samples,
                         float l2, float* total) {
  const float count = static_cast<float>(samples);
  for (uint8_t i = 0; i <= features; ++i) {
    float mean = gradient[i] / count;
    if (i < features) mean += l2 * weights[i];
    total[i] += mean;
    gradient[i] = 0.0f;
  }
}

// weights -= rate * total, and clears `total`: after each batch, or once after all epochs.
inline void step(float* weights, float* total, uint8_t features, float rate) {
  for (uint8_t i = 0; i <= features; ++i) {
    weights[i] -= rate * total[i];
    total[i] = 0.0f;
  }
}

}  // namespace kernel
}  // namespace understudy
