// Single-precision arithmetic on random operands, the same on a board and on the host: if the two
// agree to the bit, their hashes are equal. C++11 without a library.
#pragma once

#include <stdint.h>
#include <string.h>

namespace arithmetic {

static const uint16_t kPairsOfBlock = 1000;

// Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003).
inline uint32_t next(uint32_t& state) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

inline float from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// Either sign, any fraction, an exponent in -31..32: whatever is computed from two of them is zero
// or normal. Even blocks keep the exponents within 8 of each other, so that additions cancel.
inline float operand(uint32_t& state, uint32_t block) {
  const uint32_t bits = next(state);
  const uint32_t exponent = (bits >> 23) & (block % 2 == 0 ? 7 : 63);
  return from_bits((bits & 0x807fffffu) | ((96 + exponent) << 23));
}

inline void mix(uint32_t& hash, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  hash = (hash ^ bits) * 16777619u;  // a bijection: one wrong result always shows
}

// The hashes of kPairsOfBlock sums, differences, products and quotients.
struct Hashes {
  uint32_t of[4];
};

inline Hashes run_block(uint32_t block) {
  uint32_t state = block * 2654435769u + 1;
  if (state == 0) state = 1;
  Hashes hashes = {{1, 1, 1, 1}};
  for (uint16_t i = 0; i < kPairsOfBlock; ++i) {
    const float a = operand(state, block);
    const float b = operand(state, block);
    mix(hashes.of[0], a + b);
    mix(hashes.of[1], a - b);
    mix(hashes.of[2], a * b);
    mix(hashes.of[3], a / b);
  }
  return hashes;
}

}  // namespace arithmetic
