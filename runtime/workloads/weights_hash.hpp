// A fingerprint of trained weights, and the check that all workers ended with the same.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <fmt/format.h>

#include "runtime/base/errors.hpp"
#include "runtime/base/ids.hpp"

namespace understudy {

// 64-bit FNV-1a over the bytes (Fowler, Noll, Vo).
inline std::uint64_t fnv1a(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::byte b : bytes) hash = (hash ^ static_cast<std::uint64_t>(b)) * 0x100000001b3u;
  return hash;
}

class WeightsHash {
 public:
  // Throws RunError if another rank ended with other weights.
  template <class Scalar>
  void add(Rank rank, std::span<const Scalar> weights) {
    const std::string mine = fmt::format("{:016x}", fnv1a(std::as_bytes(weights)));
    if (hash_.empty()) hash_ = mine;
    if (hash_ != mine)
      throw RunError(fmt::format("rank {} ended with other weights than rank 0", rank.value));
  }
  const std::string& text() const { return hash_; }

 private:
  std::string hash_;
};

}  // namespace understudy
