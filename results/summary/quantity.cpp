#include "results/summary/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

namespace understudy {
namespace {

using Scale = std::pair<double, const char*>;
constexpr std::array<Scale, 4> kTimes = {{{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}}};
constexpr std::array<Scale, 4> kRates = {{{1e9, "GB/s"}, {1e6, "MB/s"}, {1e3, "kB/s"}, {1, "B/s"}}};

constexpr const char* kNotANumber = "not a number";

// Three digits that count, without an exponent.
std::string three_digits(double value) {
  const double size = std::abs(value);
  return fmt::format("{:.{}f}", value, size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

// Less than half a percent up and down is not worth the room.
bool worth_showing(const Estimate& e) { return e.half_width > 0.005 * std::abs(e.mean); }

std::string scaled(const Estimate& e, std::span<const Scale> units) {
  if (!std::isfinite(e.mean)) return kNotANumber;
  if (e.mean == 0) return fmt::format("0 {}", units.front().second);
  const auto fits = [&](const Scale& scale) { return std::abs(e.mean) >= scale.first; };
  const auto found = std::find_if(units.begin(), units.end(), fits);
  const auto [size, name] = found == units.end() ? units.back() : *found;
  const std::string mean = three_digits(e.mean / size);
  if (!worth_showing(e)) return fmt::format("{} {}", mean, name);
  return fmt::format("{} ± {} {}", mean, three_digits(e.half_width / size), name);
}

}  // namespace

std::string format_seconds(double seconds) { return format_seconds(Estimate{seconds, 0, 1}); }
std::string format_rate(double rate) { return format_rate(Estimate{rate, 0, 1}); }
std::string format_seconds(const Estimate& seconds) { return scaled(seconds, kTimes); }
std::string format_rate(const Estimate& rate) { return scaled(rate, kRates); }

std::string format_number(const Estimate& number) {
  return std::isfinite(number.mean) ? fmt::format("{:.6g}", number.mean) : kNotANumber;
}

std::string format_percent(const Estimate& fraction) {
  if (!std::isfinite(fraction.mean)) return kNotANumber;
  if (!std::isfinite(fraction.half_width)) return fmt::format("{:.1f}", 100 * fraction.mean);
  return fmt::format("{:.1f} ± {:.1f}", 100 * fraction.mean, 100 * fraction.half_width);
}

}  // namespace understudy
