#include "sim/network/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

constexpr double kBitsPerOpportunity = 1500 * 8;
constexpr Duration kMillisecond = std::chrono::milliseconds{1};
constexpr double kMostSeconds = 9e6;  // of the clock's 106 days

// As much of a text as fits a sentence.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string out(text.substr(0, kMost));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return fmt::format("'{}{}'", out, text.size() > kMost ? "..." : "");
}

// Lines that end in a line feed, or on Windows a carriage return before it.
class Lines {
 public:
  Lines(std::string_view text, std::string_view source) : rest_(text), source_(source) {}

  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const std::size_t end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number_;
    return true;
  }
  [[noreturn]] void fail(const std::string& sentence) const {
    throw ScenarioError(fmt::format("{}:{}: {}", source_, std::max(number_, 1), sentence));
  }

 private:
  std::string_view rest_;
  std::string_view source_;
  int number_ = 0;
};

std::int64_t milliseconds_in(std::string_view line, const Lines& lines) {
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), ms);
  if (error == std::errc::invalid_argument || end != line.data() + line.size() ||
      line.starts_with('-'))
    lines.fail(fmt::format("{} is not a whole number of milliseconds", shown(line)));
  if (error != std::errc{} || static_cast<double>(ms) > kMostSeconds * 1e3)
    lines.fail(fmt::format("{} ms are more than the clock's 106 days", shown(line)));
  return ms;
}

// Counts opportunities, which come in order, and makes points of them.
class Bins {
 public:
  explicit Bins(Duration resolution) : resolution_(resolution) {}

  void add(Duration at, std::int64_t opportunities) {
    const std::int64_t bin = (at.count() - 1) / resolution_.count();
    if (bin != bin_) {
      close(resolution_);
      if (bin > bin_ + 1) put((bin_ + 1) * resolution_, 0);
      bin_ = bin;
    }
    count_ += opportunities;
  }
  std::vector<TracePoint> end(Duration period) {
    close(period - bin_ * resolution_);
    return std::move(points_);
  }

 private:
  void close(Duration length) {
    if (bin_ < 0) return;
    const double bits = static_cast<double>(count_) * kBitsPerOpportunity;
    put(bin_ * resolution_, bits * 1e12 / static_cast<double>(length.count()));
    count_ = 0;
  }
  void put(Duration at, double bits_per_s) {
    if (points_.empty() || points_.back().rate.bits_per_s != bits_per_s)
      points_.push_back({at, Bandwidth{bits_per_s}, {}});
  }

  Duration resolution_;
  std::int64_t bin_ = -1;
  std::int64_t count_ = 0;
  std::vector<TracePoint> points_;
};

double number_in(std::string_view field, const Lines& lines) {
  double number = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (error != std::errc{} || end != field.data() + field.size() || !std::isfinite(number))
    lines.fail(fmt::format("{} is not a number", shown(field)));
  return number;
}

Duration time_in(std::string_view field, const char* what, const Lines& lines) {
  const double seconds = number_in(field, lines);
  if (seconds < 0) lines.fail(fmt::format("the {} {} must not be negative", what, shown(field)));
  if (seconds > kMostSeconds)
    lines.fail(fmt::format("the {} {} is more than the clock's 106 days", what, shown(field)));
  return from_seconds(seconds);
}

TracePoint point_in(std::string_view line, std::size_t columns, const Lines& lines) {
  std::vector<std::string_view> fields;
  for (std::string_view rest = line;;) {
    const std::size_t comma = rest.find(',');
    fields.push_back(rest.substr(0, comma));
    if (comma == std::string_view::npos || fields.size() > columns) break;
    rest.remove_prefix(comma + 1);
  }
  if (fields.size() != columns) {
    lines.fail(
        fmt::format("{} does not have the {} values that the header names", shown(line), columns));
  }
  TracePoint point{time_in(fields[0], "time", lines), Bandwidth{number_in(fields[1], lines)}, {}};
  if (point.rate.bits_per_s != 0 && point.rate.bits_per_s < 1)
    lines.fail(fmt::format("the rate {} must be 0 or at least 1 bit/s", shown(fields[1])));
  if (columns == 3) point.latency = time_in(fields[2], "latency", lines);
  return point;
}

std::size_t columns_in(std::string_view header, const Lines& lines) {
  if (header == "time_s,rate_bit_s") return 2;
  if (header == "time_s,rate_bit_s,latency_s") return 3;
  lines.fail(
      fmt::format("the header must be time_s,rate_bit_s or time_s,rate_bit_s,latency_s, not {}",
                  shown(header)));
}

std::string read_bounded(const std::string& path) {
  if (path.empty()) throw ScenarioError("a trace needs a file");
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file.tellg();
  if (size < 0) throw ScenarioError(fmt::format("{}: can't be read", path));
  if (size > static_cast<std::streamoff>(kMaxTraceBytes))
    throw ScenarioError(fmt::format("{}: is longer than the 64 MiB that a trace may have", path));
  std::string text(static_cast<std::size_t>(size), '\0');
  file.seekg(0).read(text.data(), size);
  if (!file) throw ScenarioError(fmt::format("{}: can't be read", path));
  return text;
}

}  // namespace

Trace parse_mahimahi(std::string_view text, std::string_view source, Duration resolution) {
  UNDERSTUDY_CHECK(resolution > Duration::zero());
  Lines lines(text, source);
  Bins bins(resolution);
  std::int64_t last_ms = 0, at_the_start = 0;
  bool any = false;
  for (std::string_view line; lines.next(line); any = true) {
    const std::int64_t ms = milliseconds_in(line, lines);
    if (ms < last_ms) lines.fail(fmt::format("{} ms come after {} ms", ms, last_ms));
    last_ms = ms;
    if (ms == 0) {
      ++at_the_start;
    } else {
      bins.add(ms * kMillisecond, 1);
    }
  }
  if (!any) lines.fail("the trace is empty");
  if (last_ms == 0) lines.fail("the trace, which repeats after its last line, ends at 0 ms");
  const Duration period = last_ms * kMillisecond;
  bins.add(period, at_the_start);
  return {bins.end(period), period};
}

Trace parse_csv_trace(std::string_view text, std::string_view source, bool repeat) {
  Lines lines(text, source);
  std::string_view line;
  if (!lines.next(line)) lines.fail("the trace is empty");
  const std::size_t columns = columns_in(line, lines);
  Trace trace;
  bool any_rate = false;
  while (lines.next(line)) {
    const TracePoint point = point_in(line, columns, lines);
    if (trace.points.empty() && point.at != Duration::zero())
      lines.fail("the first time must be 0");
    if (!trace.points.empty() && point.at <= trace.points.back().at)
      lines.fail(fmt::format("the time {} is not later than the line before",
                             shown(line.substr(0, line.find(',')))));
    if (!trace.points.empty()) any_rate = any_rate || trace.points.back().rate.bits_per_s > 0;
    trace.points.push_back(point);
  }
  if (trace.points.empty()) lines.fail("the trace is empty");
  if (!repeat) return trace;
  if (trace.points.size() == 1) lines.fail("a trace that repeats needs a last line that says when");
  if (!any_rate) lines.fail("a trace that repeats needs a rate above 0");
  trace.period = trace.points.back().at;
  trace.points.pop_back();
  return trace;
}

Trace read_trace(const MahimahiTrace& config) {
  return parse_mahimahi(read_bounded(config.file.path), config.file.path, config.resolution);
}
Trace read_trace(const CsvTrace& config) {
  return parse_csv_trace(read_bounded(config.file.path), config.file.path, config.repeat);
}

}  // namespace understudy
