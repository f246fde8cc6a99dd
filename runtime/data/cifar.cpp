#include "runtime/data/cifar.hpp"

#include <fmt/format.h>

#include <fstream>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{256} << 20;

}  // namespace

void append_cifar(const std::filesystem::path& file, int label_bytes, int classes,
                  CifarRecords& records) {
  const auto fail = [&](const std::string& what) {
    throw DataError(fmt::format("the data file {} {}", file.string(), what));
  };
  const std::size_t record = static_cast<std::size_t>(label_bytes) + kCifarImageBytes;
  std::error_code problem;
  const std::uintmax_t size = std::filesystem::file_size(file, problem);
  if (problem) fail("can't be opened");
  if (size == 0 || size > kMaxFileBytes || size % record != 0)
    fail(fmt::format("has {} bytes, which are no records of {}", size, record));
  std::vector<char> bytes(size);
  std::ifstream in(file, std::ios::binary);
  if (!in.read(bytes.data(), static_cast<std::streamsize>(size))) fail("can't be read");
  for (std::size_t at = 0; at < size; at += record) {
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto label = static_cast<std::uint8_t>(begin[label_bytes - 1]);
    if (label >= classes)
      fail(fmt::format("has the label {} beyond the {} classes", label, classes));
    records.labels.push_back(label);
    records.images.insert(records.images.end(), begin + label_bytes,
                          begin + static_cast<std::ptrdiff_t>(record));
  }
}

}  // namespace understudy
