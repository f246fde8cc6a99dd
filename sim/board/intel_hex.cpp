#include "sim/board/intel_hex.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "runtime/base/errors.hpp"
#include "runtime/base/text.hpp"

namespace understudy {
namespace {

constexpr std::uint32_t kMostFlash = 1U << 24;  // as far as a chip can address
enum Type : std::uint8_t { kData, kEnd, kSegment, kStartSegment, kLinear, kStartLinear };

struct Record {
  std::uint32_t address = 0;
  Type type = kData;
  std::vector<std::uint8_t> data{};
};

// ":" count address(2) type data checksum, all bytes adding up to 0. False: not that.
bool read(std::string_view line, Record& record) {
  if (line.size() < 11 || line[0] != ':' || line.size() % 2 == 0) return false;
  std::vector<std::uint8_t> bytes((line.size() - 1) / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char* digits = line.data() + 1 + 2 * i;
    if (std::from_chars(digits, digits + 2, bytes[i], 16).ptr != digits + 2) return false;
  }
  if (bytes.size() != 5U + bytes[0] || bytes[3] > kStartLinear) return false;
  if (std::accumulate(bytes.begin(), bytes.end(), 0U) % 256 != 0) return false;
  record.address = static_cast<std::uint32_t>(bytes[1] << 8 | bytes[2]);
  record.type = static_cast<Type>(bytes[3]);
  record.data.assign(bytes.begin() + 4, bytes.end() - 1);
  return (record.type != kSegment && record.type != kLinear) || record.data.size() == 2;
}

}  // namespace

std::vector<std::uint8_t> parse_intel_hex(const std::string& path, std::string_view text,
                                          std::uint32_t& start) {
  std::vector<std::uint8_t> memory;
  std::uint32_t base = 0;
  start = kMostFlash;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = trim(text.substr(0, text.find('\n')));
    text.remove_prefix(
        std::min(text.size(), text.find('\n') == text.npos ? text.size() : text.find('\n') + 1));
    if (line.empty()) continue;
    Record record;
    if (!read(line, record)) {
      throw BoardError(fmt::format("{}:{}: is not a line of Intel HEX", path, number));
    }
    if (record.type == kEnd) break;
    if (record.type == kSegment || record.type == kLinear) {
      base = static_cast<std::uint32_t>(record.data[0] << 8 | record.data[1])
             << (record.type == kSegment ? 4 : 16);
    }
    if (record.type != kData) continue;
    const std::uint64_t address = std::uint64_t{base} + record.address;
    if (address + record.data.size() > kMostFlash) {
      throw BoardError(fmt::format("{}:{}: lies beyond any AVR's flash", path, number));
    }
    start = std::min(start, static_cast<std::uint32_t>(address));
    if (memory.size() < address + record.data.size()) {
      memory.resize(address + record.data.size(), 0xff);
    }
    std::copy(record.data.begin(), record.data.end(),
              memory.begin() + static_cast<std::ptrdiff_t>(address));
  }
  if (memory.empty()) throw BoardError(fmt::format("{}: holds no program", path));
  return memory;
}

}  // namespace understudy
