// A token bucket, as a fluid: bytes leave at the link's capacity, or the peak, while there are
// tokens, one for each byte, and then at the rate at which tokens come. RFC 2697 (one rate, of which
// only the committed burst passes); Linux's tbf(8), whose packets leave whole instead.
#pragma once

#include <algorithm>

#include "runtime/base/units.hpp"

namespace understudy {

struct TokenBucket {
  double rate = 0;   // bytes/s, > 0
  double burst = 0;  // bytes: its depth
  double peak = 0;   // bytes/s
};

struct Tokens {
  double level = 0;  // bytes
  TimePoint at{};

  // After some time in which nothing was sent.
  double level_at(TimePoint time, const TokenBucket& bucket) const {
    return std::min(bucket.burst, level + bucket.rate * to_seconds(time - at));
  }
};

// What leaves in `elapsed_s` from a bucket with `level` tokens, where there is enough to send; at
// most burst + rate x time, whatever the capacity.
inline double sent(const TokenBucket& bucket, double level, double capacity, double elapsed_s) {
  return std::min(std::min(capacity, bucket.peak) * elapsed_s, level + bucket.rate * elapsed_s);
}

// The inverse: when as many bytes have left. Infinite without capacity.
inline double sending_s(const TokenBucket& bucket, double level, double capacity, double bytes) {
  return std::max(bytes / std::min(capacity, bucket.peak), (bytes - level) / bucket.rate);
}

// Tokens after so many bytes have left in `elapsed_s`.
inline double remaining(const TokenBucket& bucket, double level, double elapsed_s, double bytes) {
  return std::clamp(level + bucket.rate * elapsed_s - bytes, 0.0, bucket.burst);
}

}  // namespace understudy
