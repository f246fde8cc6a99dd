// CRC-32C with the processor's instruction where there is one, else by a table of 8 x 256.
#include <array>
#include <cstring>

#include "runtime/transport/wire.hpp"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace understudy {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = c & 1 ? (c >> 1) ^ kPolynomial : c >> 1;
    tables[0][i] = c;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t i = 0; i < 256; ++i)
      tables[k][i] = (tables[k - 1][i] >> 8) ^ tables[0][tables[k - 1][i] & 0xFF];
  }
  return tables;
}
constexpr Tables kTables = make_tables();

// Eight bytes at a time ("slicing by 8": Kounavis and Berry, ISCC 2005).
std::uint32_t by_table(std::uint32_t c, const std::byte* at, std::size_t count) {
  for (; count >= 8; count -= 8, at += 8) {
    std::uint32_t next = 0;
    const auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(at[i]); };
    const std::uint32_t low = c ^ (byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24);
    for (std::size_t i = 0; i < 4; ++i) next ^= kTables[7 - i][(low >> (8 * i)) & 0xFF];
    for (std::size_t i = 4; i < 8; ++i) next ^= kTables[7 - i][byte(i)];
    c = next;
  }
  for (; count > 0; --count, ++at)
    c = (c >> 8) ^ kTables[0][(c ^ std::to_integer<std::uint32_t>(*at)) & 0xFF];
  return c;
}

#if defined(__x86_64__)

constexpr std::size_t kLane = 1024;  // bytes

// What appending kLane zero bytes makes of a checksum is linear in it: one table for each of its
// bytes.
using Shift = std::array<std::array<std::uint32_t, 256>, 4>;

Shift make_shift() {
  const std::array<std::byte, kLane> zeros{};
  std::array<std::uint32_t, 32> of_bit{};
  for (std::size_t bit = 0; bit < 32; ++bit)
    of_bit[bit] = by_table(std::uint32_t{1} << bit, zeros.data(), zeros.size());
  Shift shift{};
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::size_t i = 0; i < 256; ++i)
      for (std::size_t bit = 0; bit < 8; ++bit)
        if ((i >> bit) & 1) shift[k][i] ^= of_bit[8 * k + bit];
  }
  return shift;
}

std::uint32_t shifted(const Shift& shift, std::uint32_t c) {
  return shift[0][c & 0xFF] ^ shift[1][(c >> 8) & 0xFF] ^ shift[2][(c >> 16) & 0xFF] ^
         shift[3][c >> 24];
}

std::uint64_t word_at(const std::byte* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// The instruction takes a word each cycle but answers after three, so three lanes run side by side.
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t c, const std::byte* at,
                                                               std::size_t count) {
  static const Shift shift = make_shift();
  for (; count >= 3 * kLane; count -= 3 * kLane, at += 3 * kLane) {
    std::uint64_t a = c, b = 0, d = 0;
    for (std::size_t i = 0; i < kLane; i += 8) {
      a = _mm_crc32_u64(a, word_at(at + i));
      b = _mm_crc32_u64(b, word_at(at + kLane + i));
      d = _mm_crc32_u64(d, word_at(at + 2 * kLane + i));
    }
    const std::uint32_t ab =
        shifted(shift, static_cast<std::uint32_t>(a)) ^ static_cast<std::uint32_t>(b);
    c = shifted(shift, ab) ^ static_cast<std::uint32_t>(d);
  }
  std::uint64_t wide = c;
  for (; count >= 8; count -= 8, at += 8) wide = _mm_crc32_u64(wide, word_at(at));
  c = static_cast<std::uint32_t>(wide);
  for (; count > 0; --count, ++at) c = _mm_crc32_u8(c, std::to_integer<std::uint8_t>(*at));
  return c;
}

const bool kHasInstruction = __builtin_cpu_supports("sse4.2") != 0;
#endif

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) {
#if defined(__x86_64__)
  if (kHasInstruction) return ~by_instruction(~before, bytes.data(), bytes.size());
#endif
  return ~by_table(~before, bytes.data(), bytes.size());
}

std::uint32_t crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t before) {
  return ~by_table(~before, bytes.data(), bytes.size());
}

}  // namespace understudy
