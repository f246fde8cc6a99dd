#include "runtime/base/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <stdexcept>

namespace understudy {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array kTimeUnits = {Unit{"h", 3600},  Unit{"min", 60},  Unit{"s", 1},
                                   Unit{"ms", 1e-3}, Unit{"us", 1e-6}, Unit{"ns", 1e-9},
                                   Unit{"ps", 1e-12}};
constexpr std::array kByteUnits = {
    Unit{"B", 1},      Unit{"kB", 1e3},        Unit{"KB", 1e3},
    Unit{"MB", 1e6},   Unit{"GB", 1e9},        Unit{"TB", 1e12},
    Unit{"KiB", 1024}, Unit{"MiB", 1048576.0}, Unit{"GiB", 1073741824.0}};
constexpr std::array kRateUnits = {
    Unit{"bit/s", 1},    Unit{"kbit/s", 1e3},      Unit{"Kbit/s", 1e3},
    Unit{"Mbit/s", 1e6}, Unit{"Gbit/s", 1e9},      Unit{"Tbit/s", 1e12},
    Unit{"B/s", 8},      Unit{"kB/s", 8e3},        Unit{"KB/s", 8e3},
    Unit{"MB/s", 8e6},   Unit{"GB/s", 8e9},        Unit{"TB/s", 8e12},
    Unit{"KiB/s", 8192}, Unit{"MiB/s", 8388608.0}, Unit{"GiB/s", 8589934592.0}};
constexpr std::array kFractionUnits = {Unit{"%", 0.01}, Unit{"", 1}};

double parse(std::string_view text, std::span<const Unit> units, const char* example) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number)) {
    throw std::invalid_argument(fmt::format("is not a number with a unit, such as {}", example));
  }
  std::string_view rest(end, text.data() + text.size());
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  for (const Unit& unit : units) {
    if (unit.name == rest) return number * unit.factor;
  }
  if (rest.empty()) throw std::invalid_argument(fmt::format("needs a unit, such as {}", example));
  std::string known;
  for (const Unit& unit : units) {
    if (!unit.name.empty()) known += fmt::format("{}{}", known.empty() ? "" : ", ", unit.name);
  }
  throw std::invalid_argument(fmt::format("has the unknown unit '{}' (one of {})", rest, known));
}

// The largest unit that leaves a short number; to_chars gives the shortest text that reads back the
// same.
std::string format_with(double value, std::span<const Unit> units_descending) {
  for (const Unit& unit : units_descending) {
    const double scaled = value / unit.factor;
    if (std::abs(scaled) >= 1 && scaled * unit.factor == value)
      return fmt::format("{}{}", scaled, unit.name);
  }
  return fmt::format("{}{}", value / units_descending.back().factor, units_descending.back().name);
}

}  // namespace

Duration from_seconds(double seconds) {
  const double ps = std::round(seconds * 1e12);
  if (!(std::abs(ps) < 9.2e18)) throw std::overflow_error("a time of more than 106 days");
  return Duration{static_cast<std::int64_t>(ps)};
}

TimePoint checked_add(TimePoint t, Duration d) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(t.time_since_epoch().count(), d.count(), &sum)) {
    throw std::overflow_error("a time of more than 106 days");
  }
  return TimePoint{Duration{sum}};
}

Duration transmission_time(Bytes size, Bandwidth rate) {
  return from_seconds(static_cast<double>(size.count) * 8.0 / rate.bits_per_s);
}

Duration parse_duration(std::string_view text) {
  if (text == "0") return Duration{0};
  const double seconds = parse(text, kTimeUnits, "20ms");
  if (std::abs(seconds) > 9e6) throw std::invalid_argument("is longer than the clock's 106 days");
  return from_seconds(seconds);
}

Bandwidth parse_bandwidth(std::string_view text) { return {parse(text, kRateUnits, "10Mbit/s")}; }

Bytes parse_bytes(std::string_view text) {
  const double bytes = parse(text, kByteUnits, "4MiB");
  if (std::abs(bytes) > 9e18) throw std::invalid_argument("is more than 9 EB");
  if (bytes != std::floor(bytes)) throw std::invalid_argument("is not a whole number of bytes");
  return {static_cast<std::int64_t>(bytes)};
}

double parse_fraction(std::string_view text) { return parse(text, kFractionUnits, "1%"); }

std::string format(Duration d) {
  constexpr std::array<std::pair<std::int64_t, const char*>, 5> units = {{{1'000'000'000'000, "s"},
                                                                          {1'000'000'000, "ms"},
                                                                          {1'000'000, "us"},
                                                                          {1'000, "ns"},
                                                                          {1, "ps"}}};
  if (d.count() == 0) return "0s";
  for (const auto& [ps, name] : units) {
    if (d.count() % ps == 0) return fmt::format("{}{}", d.count() / ps, name);
  }
  return {};
}

std::string format(Bandwidth b) {
  constexpr std::array units = {Unit{"Tbit/s", 1e12}, Unit{"Gbit/s", 1e9}, Unit{"Mbit/s", 1e6},
                                Unit{"kbit/s", 1e3}, Unit{"bit/s", 1}};
  return format_with(b.bits_per_s, units);
}

std::string format(Bytes b) {
  constexpr std::array<std::pair<std::int64_t, const char*>, 7> units = {{{1 << 30, "GiB"},
                                                                          {1'000'000'000, "GB"},
                                                                          {1 << 20, "MiB"},
                                                                          {1'000'000, "MB"},
                                                                          {1 << 10, "KiB"},
                                                                          {1'000, "kB"},
                                                                          {1, "B"}}};
  for (const auto& [size, name] : units) {
    if (b.count != 0 && b.count % size == 0) return fmt::format("{}{}", b.count / size, name);
  }
  return "0B";
}

}  // namespace understudy
