// SHA-256 (FIPS 180-4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace understudy {

class Sha256 {
 public:
  void update(std::span<const std::byte> bytes);
  // The hash in hex. Nothing may follow it.
  std::string finish();

 private:
  void take_block(const std::byte* block);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> block_{};
  std::size_t filled_ = 0;  // of block_
  std::uint64_t bytes_ = 0;
};

// Throws DataError where the file can't be read.
std::string sha256_of(const std::filesystem::path& file);

}  // namespace understudy
