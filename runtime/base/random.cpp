#include "runtime/base/random.hpp"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>

#include "runtime/base/errors.hpp"

namespace understudy {

// Key: the seed. Counter: (draw number, node, purpose and round, step), so that streams never
// overlap within 2^32 blocks of four draws.
RandomStream::RandomStream(const StreamKey& key)
    : counter_{0, key.node, (static_cast<std::uint32_t>(key.purpose) << 24) ^ key.round, key.step},
      key_{static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)} {
  UNDERSTUDY_CHECK(key.round < (1u << 24));
}

RandomStream::result_type RandomStream::operator()() {
  if (used_ == 4) {
    const r123::Philox4x32 philox;
    const auto block =
        philox({{counter_[0], counter_[1], counter_[2], counter_[3]}}, {{key_[0], key_[1]}});
    for (std::size_t i = 0; i < 4; ++i) block_[i] = block[i];
    ++counter_[0];
    used_ = 0;
  }
  return block_[static_cast<std::size_t>(used_++)];
}

double RandomStream::uniform() {
  const std::uint64_t high = (*this)() >> 5;
  const std::uint64_t low = (*this)() >> 6;
  return static_cast<double>(high * 67108864 + low) * (1.0 / 9007199254740992.0);
}

double RandomStream::uniform(double low, double high) { return low + (high - low) * uniform(); }

double RandomStream::normal() {
  const double radius = std::sqrt(-2 * std::log1p(-uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  UNDERSTUDY_CHECK(bound > 0);
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  for (;;) {
    const std::uint64_t high = (*this)();
    const std::uint64_t draw = high << 32 | (*this)();
    if (draw < limit) return draw % bound;
  }
}

}  // namespace understudy
