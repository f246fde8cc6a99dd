// Time, sizes and rates as types, with the one place where they are read from and written as text.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace understudy {

// Time on a scenario's clock: int64 picoseconds, 106 days. An AVR cycle at 16 MHz is 62,500 ps
// exactly.
using Duration = std::chrono::duration<std::int64_t, std::pico>;

// The scenario's clock: virtual in simulation, wall-clock (since the run's start) elsewhere. It has
// no now(): whoever may know the time holds an Executor.
struct ScenarioClock {
  using duration = Duration;
  using rep = Duration::rep;
  using period = Duration::period;
  using time_point = std::chrono::time_point<ScenarioClock, Duration>;
  static constexpr bool is_steady = true;
};
using TimePoint = ScenarioClock::time_point;

inline constexpr TimePoint kStart{Duration{0}};
inline constexpr TimePoint kNever = TimePoint::max();

// Rounds to the nearest picosecond. Throws std::overflow_error for NaN and beyond 106 days.
Duration from_seconds(double seconds);
constexpr double to_seconds(Duration d) { return static_cast<double>(d.count()) / 1e12; }
constexpr double to_seconds(TimePoint t) { return to_seconds(t.time_since_epoch()); }
// t + d; throws std::overflow_error past the end of time.
TimePoint checked_add(TimePoint t, Duration d);

// A count of bytes.
struct Bytes {
  std::int64_t count = 0;
  constexpr auto operator<=>(const Bytes&) const = default;
};

// A rate in bits per second; 10 Mbit/s and 12 GB/s are the same kind of thing.
struct Bandwidth {
  double bits_per_s = 0;
  constexpr auto operator<=>(const Bandwidth&) const = default;
  constexpr double bytes_per_s() const { return bits_per_s / 8; }
};

// size / rate; throws std::overflow_error beyond 106 days.
Duration transmission_time(Bytes size, Bandwidth rate);

// "20ms" "1.5s" "10us" "3ns" "2min" "1h"; "10Mbit/s" "12GB/s" "1Kibit/s"; "4MiB" "100MB" "512B";
// "1%" "0.5". A number without its unit, an unknown unit or rubbish after it throws
// std::invalid_argument, whose what() is the rest of a sentence that starts with the value ("needs
// a unit, such as 20ms").
Duration parse_duration(std::string_view text);
Bandwidth parse_bandwidth(std::string_view text);
Bytes parse_bytes(std::string_view text);
double parse_fraction(std::string_view text);

// The shortest text that parses back to the same value ("20ms", "10Mbit/s", "4MiB").
std::string format(Duration d);
std::string format(Bandwidth b);
std::string format(Bytes b);

}  // namespace understudy
