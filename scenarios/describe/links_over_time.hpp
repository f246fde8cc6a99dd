// Descriptions of traces and of traffic of others.
#pragma once

#include <array>

#include "scenarios/describe/durations.hpp"
#include "sim/network/conditions_config.hpp"

namespace understudy {

inline constexpr const char* kLinksDoc =
    "A pattern of links' names, `london->paris`: * any text, ? a character, <-> both directions.";

template <class Archive>
void describe(Archive& a, MahimahiTrace& c) {
  a.field("links", c.links, kLinksDoc);
  a.field("file", c.file, "Lines of milliseconds, each an opportunity to deliver 1,500 bytes.");
  a.field("resolution", c.resolution, "The time over which rates are means.",
          {.min = 1e-3, .max = 3600});
}
template <class Archive>
void describe(Archive& a, CsvTrace& c) {
  a.field("links", c.links, kLinksDoc);
  a.field("file", c.file, "A header time_s,rate_bit_s,latency_s and a line for each change.");
  a.field("repeat", c.repeat, "Begin again at the last line, which only says when.");
}

inline constexpr std::array<NameDoc, 2> kTraceKinds = {{
    {"mahimahi", "Delivery opportunities of 1,500 bytes, as Mahimahi records them."},
    {"csv", "Times, rates and latencies."},
}};
constexpr std::span<const NameDoc> kinds(const TraceConfig*) { return kTraceKinds; }

inline constexpr std::array<Named<SizeDistribution>, 3> kSizeNames = {{
    {SizeDistribution::kConstant, "constant", "All alike."},
    {SizeDistribution::kExponential, "exponential", "Exponentially distributed."},
    {SizeDistribution::kPareto, "pareto", "Pareto of shape 1.5: a few hold most of the bytes."},
}};
constexpr std::span<const Named<SizeDistribution>> names(SizeDistribution) { return kSizeNames; }

template <class Archive, class Background>
void describe_ends(Archive& a, Background& c) {
  a.field("from", c.from, "The vertex that sends.");
  a.field("to", c.to, "The vertex that receives.");
}
template <class Archive>
void describe(Archive& a, ConstantTraffic& c) {
  describe_ends(a, c);
  a.field("rate", c.rate, "Sent at this rate.", {.min = 1});
  a.field("message", c.message, "In messages of this size, one after the other.",
          {.min = 1, .max = 1e12});
}
template <class Archive>
void describe(Archive& a, OnOffTraffic& c) {
  describe_ends(a, c);
  a.field("rate", c.rate, "Sent at this rate while on.", {.min = 1});
  a.field("message", c.message, "In messages of this size, one after the other.",
          {.min = 1, .max = 1e12});
  a.field("on", c.on, "How long it is on at a time.");
  a.field("off", c.off, "How long it is off at a time.");
}
template <class Archive>
void describe(Archive& a, PoissonTraffic& c) {
  describe_ends(a, c);
  a.field("flows_per_s", c.flows_per_s, "Flows that start in a second, in the mean.",
          {.above = 0, .max = 1e6});
  a.field("size", c.size, "Of a flow, in the mean.", {.min = 1, .max = 1e12});
  a.field("sizes", c.sizes, "How sizes are distributed.");
}

inline constexpr std::array<NameDoc, 3> kBackgroundKinds = {{
    {"constant", "At a constant rate."},
    {"on_off", "At a constant rate, on and off."},
    {"poisson", "Flows that start at random times."},
}};
constexpr std::span<const NameDoc> kinds(const BackgroundConfig*) { return kBackgroundKinds; }

}  // namespace understudy
