// Readers of traces: what lines mean, and what they refuse.
#include "sim/network/trace.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "runtime/base/errors.hpp"
#include "tests/data/test_data.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr Duration kMs = 1ms;

TracePoint point(Duration at, double bits_per_s, std::optional<Duration> latency = {}) {
  return {at, Bandwidth{bits_per_s}, latency};
}

// Bits that a period carries.
double integral(const Trace& trace) {
  double bits = 0;
  for (std::size_t i = 0; i < trace.points.size(); ++i) {
    const Duration end = i + 1 < trace.points.size() ? trace.points[i + 1].at : *trace.period;
    bits += trace.points[i].rate.bits_per_s * to_seconds(end - trace.points[i].at);
  }
  return bits;
}

template <class Parse>
std::string error_of(Parse parse) {
  try {
    parse();
  } catch (const ScenarioError& problem) {
    return problem.what();
  }
  return "";
}
std::string mahimahi_error(std::string_view text) {
  return error_of([&] { parse_mahimahi(text, "x.up", kMs); });
}
std::string csv_error(std::string_view text, bool repeat = false) {
  return error_of([&] { parse_csv_trace(text, "x.csv", repeat); });
}

TEST(Mahimahi, OneOpportunityAMillisecondIsTwelveMegabit) {
  const Trace trace = parse_mahimahi("1\n2\n3\n", "x.up", kMs);
  EXPECT_EQ(trace.points, (std::vector{point(0ms, 12e6)}));
  EXPECT_EQ(trace.period, 3ms);
}

TEST(Mahimahi, BinsAreOpenOnTheLeft) {
  // 1 and 2 lie in (0, 2 ms], 3 in (2 ms, 4 ms], none in (4 ms, 6 ms], 7 in (6 ms, 7 ms].
  const Trace trace = parse_mahimahi("1\n2\n3\n7\n", "x.up", 2ms);
  EXPECT_EQ(trace.points,
            (std::vector{point(0ms, 12e6), point(2ms, 6e6), point(4ms, 0), point(6ms, 12e6)}));
  EXPECT_EQ(trace.period, 7ms);
}

TEST(Mahimahi, GapsAreRatesOfZero) {
  const Trace trace = parse_mahimahi("3\n3\n10\n", "x.up", kMs);
  EXPECT_EQ(trace.points,
            (std::vector{point(0ms, 0), point(2ms, 24e6), point(3ms, 0), point(9ms, 12e6)}));
}

// One at 0 is at the end of the period before, as it is in every period but the first.
TEST(Mahimahi, WhatIsAtZeroCountsAtTheEnd) {
  const Trace trace = parse_mahimahi("0\n0\n1\n5\n", "x.up", kMs);
  EXPECT_EQ(trace.points, (std::vector{point(0ms, 12e6), point(1ms, 0), point(4ms, 36e6)}));
}

TEST(Mahimahi, AcceptsLinesAsOnWindowsAndALastOneWithoutItsEnd) {
  EXPECT_EQ(parse_mahimahi("1\r\n2\r\n4", "x.up", kMs).points,
            parse_mahimahi("1\n2\n4\n", "x.up", kMs).points);
}

TEST(Mahimahi, RefusesWhatIsNoTrace) {
  EXPECT_EQ(mahimahi_error(""), "x.up:1: the trace is empty");
  EXPECT_EQ(mahimahi_error("5\n4\n"), "x.up:2: 4 ms come after 5 ms");
  EXPECT_EQ(mahimahi_error("0\n0\n"),
            "x.up:2: the trace, which repeats after its last line, ends at 0 ms");
  EXPECT_EQ(mahimahi_error("1\n\n2\n"), "x.up:2: '' is not a whole number of milliseconds");
  for (const char* line : {"-1", "+1", " 1", "1.5", "1e3", "nan", "one", "1 "}) {
    EXPECT_EQ(mahimahi_error(line + std::string("\n")),
              fmt::format("x.up:1: '{}' is not a whole number of milliseconds", line));
  }
  EXPECT_THAT(mahimahi_error("9999999999999\n"), HasSubstr("more than the clock's 106 days"));
  EXPECT_THAT(mahimahi_error("99999999999999999999\n"), HasSubstr("more than the clock's 106"));
  EXPECT_EQ(mahimahi_error(std::string(100, '\1')), "x.up:1: '" + std::string(40, '?') +
                                                        "...' is not a whole number of "
                                                        "milliseconds");
}

// However bins fall, a period carries 1,500 bytes for each line.
TEST(Mahimahi, KeepsEveryByteAtEveryResolution) {
  const std::string text = "0\n1\n1\n4\n9\n9\n9\n17\n23\n";
  for (const Duration resolution : {Duration{1ms}, Duration{1500us}, Duration{7ms}, Duration{1s}})
    EXPECT_NEAR(integral(parse_mahimahi(text, "x.up", resolution)), 9 * 12000.0, 1e-6);
}

TEST(Mahimahi, ReadsRecordedTraces) {
  const std::string folder = UNDERSTUDY_SOURCE_DIR "/scenarios/traces/";
  std::vector<std::string> files{folder + "lte_like.up"};
  for (const char* name : {"ATT-LTE-driving-2016.up", "ATT-LTE-driving-2016.down"}) {
    const auto recorded = test_data().value_or("") / "traces" / name;
    if (std::filesystem::exists(recorded)) files.push_back(recorded.string());
  }
  for (const std::string& file : files) {
    std::ifstream in(file);
    std::string line, last;
    double lines = 0;
    for (; std::getline(in, line); ++lines) last = line;
    const Trace trace = read_trace(MahimahiTrace{.file = {file}, .resolution = 100ms});
    EXPECT_EQ(*trace.period, std::stoi(last) * kMs) << file;
    EXPECT_NEAR(integral(trace), lines * 12000, lines * 1e-6) << file;
  }
  if (files.size() < 3) GTEST_SKIP() << "no traces of AT&T's network on this machine";
}

TEST(CsvTrace, HoldsEachRowUntilTheNext) {
  const Trace trace = parse_csv_trace("time_s,rate_bit_s\n0,1e6\n1.5,0\n2,2000000\n", "x", false);
  EXPECT_EQ(trace.points, (std::vector{point(0s, 1e6), point(1500ms, 0), point(2s, 2e6)}));
  EXPECT_EQ(trace.period, std::nullopt);
}

TEST(CsvTrace, MayHaveLatencies) {
  const Trace trace =
      parse_csv_trace("time_s,rate_bit_s,latency_s\r\n0,1e6,0.02\r\n1,1e6,0\r\n", "x", false);
  EXPECT_EQ(trace.points, (std::vector{point(0s, 1e6, 20ms), point(1s, 1e6, 0ms)}));
}

TEST(CsvTrace, TheLastRowOfOneThatRepeatsOnlySaysWhen) {
  const Trace trace = parse_csv_trace("time_s,rate_bit_s\n0,1e6\n1,3e6\n4,7e6\n", "x", true);
  EXPECT_EQ(trace.points, (std::vector{point(0s, 1e6), point(1s, 3e6)}));
  EXPECT_EQ(trace.period, 4s);
}

TEST(CsvTrace, RefusesWhatIsNoTrace) {
  const std::string head = "time_s,rate_bit_s\n";
  EXPECT_EQ(csv_error(""), "x.csv:1: the trace is empty");
  EXPECT_EQ(csv_error(head), "x.csv:1: the trace is empty");
  EXPECT_EQ(csv_error("time,rate\n0,1\n"),
            "x.csv:1: the header must be time_s,rate_bit_s or time_s,rate_bit_s,latency_s, not "
            "'time,rate'");
  EXPECT_EQ(csv_error(head + "1,5\n"), "x.csv:2: the first time must be 0");
  EXPECT_EQ(csv_error(head + "0,5\n2,5\n2,6\n"),
            "x.csv:4: the time '2' is not later than the line before");
  EXPECT_EQ(csv_error(head + "0,5\n2,5\n1,6\n"),
            "x.csv:4: the time '1' is not later than the line before");
  EXPECT_EQ(csv_error(head + "0,-5\n"), "x.csv:2: the rate '-5' must be 0 or at least 1 bit/s");
  EXPECT_EQ(csv_error(head + "0,0.5\n"), "x.csv:2: the rate '0.5' must be 0 or at least 1 bit/s");
  EXPECT_EQ(csv_error(head + "-1,5\n"), "x.csv:2: the time '-1' must not be negative");
  EXPECT_EQ(csv_error(head + "0,5\n1e9,5\n"),
            "x.csv:3: the time '1e9' is more than the clock's 106 days");
  EXPECT_EQ(csv_error("time_s,rate_bit_s,latency_s\n0,5,-1\n"),
            "x.csv:2: the latency '-1' must not be negative");
  for (const char* number : {"nan", "inf", "-inf", "", " 5", "5x", "1e999", "0x10"}) {
    EXPECT_EQ(csv_error(head + "0," + number + "\n"),
              fmt::format("x.csv:2: '{}' is not a number", number));
  }
  for (const char* row : {"0", "0,5,6", "0,5,", ",", "0;5"})
    EXPECT_THAT(csv_error(head + row + "\n"), testing::StartsWith("x.csv:2: '"));
  EXPECT_EQ(csv_error(head + "0,5\n", true),
            "x.csv:2: a trace that repeats needs a last line that says when");
  EXPECT_EQ(csv_error(head + "0,0\n1,5\n", true),
            "x.csv:3: a trace that repeats needs a rate above 0");
}

// Any bytes give a trace or a ScenarioError.
TEST(Traces, AnyBytesAreRefusedInOrder) {
  const std::string csv = "time_s,rate_bit_s,latency_s\n0,1e6,0.5\n2,0,1\n3,5,0\n",
                    up = "0\n3\n12\n";
  for (const std::string& valid : {csv, up}) {
    for (std::size_t i = 0; i < valid.size(); ++i) {
      for (const char c : {'\0', '\xff', ',', '-', 'e', '.', '\n', '\r', ' ', '9'}) {
        std::string bytes = valid;
        bytes[i] = c;
        error_of([&] { parse_csv_trace(bytes, "x", true); });
        error_of([&] { parse_mahimahi(bytes, "x", kMs); });
      }
      error_of([&] { parse_csv_trace(valid.substr(0, i), "x", true); });
      error_of([&] { parse_mahimahi(valid.substr(0, i), "x", kMs); });
    }
  }
}

TEST(Traces, RefusesFilesOfMoreThan64MiB) {
  const auto path = std::filesystem::temp_directory_path() / "understudy_huge_trace";
  std::ofstream(path) << "1\n";
  std::filesystem::resize_file(path, kMaxTraceBytes + 1);  // sparse
  EXPECT_THAT(error_of([&] { read_trace(MahimahiTrace{.file = {path.string()}}); }),
              HasSubstr("longer than the 64 MiB"));
  std::filesystem::remove(path);
  EXPECT_THAT(error_of([&] { read_trace(MahimahiTrace{.file = {"/no/such"}}); }),
              HasSubstr("/no/such: can't be read"));
  EXPECT_THAT(error_of([&] { read_trace(CsvTrace{}); }), HasSubstr("a trace needs a file"));
}

}  // namespace
}  // namespace understudy
