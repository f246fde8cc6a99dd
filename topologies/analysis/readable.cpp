#include "topologies/analysis/readable.hpp"

#include <fmt/format.h>

#include <array>

namespace understudy {
namespace {

std::string with_prefix(double value, const char* unit) {
  constexpr std::array<const char*, 9> kPrefixes{"p", "n", "u", "m", "", "k", "M", "G", "T"};
  std::size_t prefix = 4;
  // What would be rounded to 1000 takes the next prefix.
  while (value != 0 && value < 0.99995 && prefix > 0) value *= 1000, --prefix;
  while (value >= 999.95 && prefix + 1 < kPrefixes.size()) value /= 1000, ++prefix;
  return fmt::format("{:.4g}{}{}", value, kPrefixes[prefix], unit);
}

}  // namespace

std::string readable(Duration duration) {
  const double seconds = to_seconds(duration);
  return seconds < 1 ? with_prefix(seconds, "s") : fmt::format("{:.4g}s", seconds);
}

std::string readable(Bandwidth bandwidth) { return with_prefix(bandwidth.bits_per_s, "bit/s"); }

}  // namespace understudy
