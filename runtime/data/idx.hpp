// IDX files, the format of MNIST and its relatives (http://yann.lecun.com/exdb/mnist/), gzip'd or
// not: big-endian 0x00 0x00 <type> <rank>, one 32-bit size per dimension, then the elements
// row-major.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace understudy {

// An array of unsigned bytes (type 0x08).
struct IdxArray {
  std::vector<std::uint32_t> shape;
  std::vector<std::uint8_t> values;
};

// What a header may claim at most; a file that claims more is refused before anything is allocated.
inline constexpr std::uint64_t kIdxMaxBytes = std::uint64_t{1} << 30;

// Reads a whole file of `rank` dimensions. Reads no more than the header claims, whatever a
// compressed file would expand to. Throws DataError naming the file if it is missing, is not IDX,
// has another rank, claims more than kIdxMaxBytes, or is shorter or longer than its header claims.
IdxArray read_idx(const std::filesystem::path& file, std::size_t rank);
// As read_idx, of one dimension and big-endian 32-bit integers (type 0x0C).
std::vector<std::int32_t> read_idx_int32(const std::filesystem::path& file);

}  // namespace understudy
