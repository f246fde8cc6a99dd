#include "scenarios/describe/measures.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "runtime/base/units.hpp"

namespace understudy {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 5> kFlopsUnits = {
    {{"Pflop/s", 1e15}, {"Tflop/s", 1e12}, {"Gflop/s", 1e9}, {"Mflop/s", 1e6}, {"flop/s", 1}}};

}  // namespace

double parse_flops(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number))
    throw std::invalid_argument("is not a number with a unit, such as 10Tflop/s");
  std::string_view unit(end, text.data() + text.size());
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  for (const auto& [name, factor] : kFlopsUnits) {
    if (unit == name) return number * factor;
  }
  if (unit.empty()) throw std::invalid_argument("needs a unit, such as 10Tflop/s");
  throw std::invalid_argument(fmt::format(
      "has the unknown unit '{}' (one of flop/s, Mflop/s, Gflop/s, Tflop/s, Pflop/s)", unit));
}

double parse_byte_rate(std::string_view text) { return parse_bandwidth(text).bytes_per_s(); }

std::string format_flops(double per_s) {
  for (const auto& [name, factor] : kFlopsUnits) {
    const double scaled = per_s / factor;
    if (std::abs(scaled) >= 1 && scaled * factor == per_s) return fmt::format("{}{}", scaled, name);
  }
  return fmt::format("{}flop/s", per_s);
}

std::string format_byte_rate(double per_s) {
  constexpr std::array<std::pair<const char*, double>, 4> units = {
      {{"TB/s", 1e12}, {"GB/s", 1e9}, {"MB/s", 1e6}, {"kB/s", 1e3}}};
  for (const auto& [name, factor] : units) {
    const std::string text = fmt::format("{}{}", per_s / factor, name);
    if (per_s >= factor && parse_byte_rate(text) == per_s) return text;
  }
  return fmt::format("{}B/s", per_s);
}

}  // namespace understudy
