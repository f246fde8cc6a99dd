// CIFAR-10 and CIFAR-100 in their binary version (https://www.cs.toronto.edu/~kriz/cifar.html):
// records one after the other, each the bytes of its labels and 32x32 red, green and blue pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace understudy {

inline constexpr std::size_t kCifarImageBytes = 3 * 32 * 32;

struct CifarRecords {
  std::vector<std::uint8_t> images;  // [labels.size(), 3, 32, 32]
  std::vector<std::uint8_t> labels;
};

// Adds a file's records, of which the last of `label_bytes` labels counts: 1 for CIFAR-10, 2 for
// CIFAR-100, whose second is the fine one. Throws DataError naming the file where it can't be read,
// is empty or larger than 256 MiB, does not end with a record, or has a label beyond the classes.
void append_cifar(const std::filesystem::path& file, int label_bytes, int classes,
                  CifarRecords& records);

}  // namespace understudy
