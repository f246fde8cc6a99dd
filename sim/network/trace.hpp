// Recorded rates of a link, from files. Readers are strict: all of them throw ScenarioError,
// beginning with file:line, for text that is not what it is to be.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/network/network_config.hpp"

namespace understudy {

inline constexpr std::size_t kMaxTraceBytes = std::size_t{1} << 26;

// From `at` on.
struct TracePoint {
  Duration at{0};
  Bandwidth rate{};                   // 0: the link is not up
  std::optional<Duration> latency{};  // nullopt: the link's own
  bool operator==(const TracePoint&) const = default;
};

struct Trace {
  std::vector<TracePoint> points{};  // the first one at 0, then later and later
  std::optional<Duration> period{};  // it begins again after so long; nullopt: the last point holds
};

// Each line is the millisecond of an opportunity to deliver 1,500 bytes, never before the line
// above; the last one is the period. An opportunity at t counts into the bin (t - resolution, t],
// one at 0, where every period begins, into the last bin of the one before. Bins count from 0; the
// last one may be shorter. Neighbours of one rate become one point.
Trace parse_mahimahi(std::string_view text, std::string_view source, Duration resolution);

// A header, time_s,rate_bit_s or time_s,rate_bit_s,latency_s, then rows of ascending time, the
// first at 0. With `repeat` the last row only says when the first one holds again.
Trace parse_csv_trace(std::string_view text, std::string_view source, bool repeat);

// The file's trace; refuses more than kMaxTraceBytes.
Trace read_trace(const MahimahiTrace& config);
Trace read_trace(const CsvTrace& config);

}  // namespace understudy
