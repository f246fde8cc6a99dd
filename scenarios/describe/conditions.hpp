// Descriptions of what links are under.
#pragma once

#include <array>

#include "scenarios/describe/links_over_time.hpp"

namespace understudy {

inline constexpr Limits kProbability{.min = 0, .max = 1, .measure = Measure::kFraction};

inline constexpr std::array<Named<Routing>, 2> kRoutingNames = {{
    {Routing::kShortestLatency, "shortest_latency", "Least latency, then fewest hops."},
    {Routing::kFewestHops, "fewest_hops", "Fewest hops, then least latency."},
}};
constexpr std::span<const Named<Routing>> names(Routing) { return kRoutingNames; }

template <class Archive>
void describe(Archive& a, PacketConfig& c) {
  a.field("payload", c.payload, "Bytes of a message in a packet; 0B: a message is one packet.",
          {.min = 0, .max = 1e9});
  a.field("overhead", c.overhead, "Bytes of headers, added to every packet.",
          {.min = 0, .max = 1e6});
}

template <class Archive>
void describe(Archive& a, RetransmitConfig& c) {
  a.field("timeout", c.timeout, "Until what was lost is sent again; doubles from try to try.",
          kPositiveTime);
  a.field("tries", c.tries, "How often it is sent again before the message is lost.",
          {.min = 1, .max = 64});
}
template <class Archive>
void describe(Archive&, UnreliableConfig&) {}

inline constexpr std::array<NameDoc, 2> kReliabilityKinds = {{
    {"retransmit", "Lost packets are sent again."},
    {"none", "A message that lost a packet is lost."},
}};
constexpr std::span<const NameDoc> kinds(const ReliabilityConfig*) { return kReliabilityKinds; }

inline constexpr const char* kCorrelationDoc = "Of a draw with the one before on the same link.";
inline constexpr Limits kCorrelation{.min = 0, .below = 1, .measure = Measure::kFraction};

template <class Archive>
void describe(Archive& a, UniformJitter& c) {
  a.field("spread", c.spread, "From minus this to plus this.", {.min = 0});
  a.field("correlation", c.correlation, kCorrelationDoc, kCorrelation);
}
template <class Archive, class Jitter>
void describe_deviation(Archive& a, Jitter& c) {
  a.field("deviation", c.deviation, "The standard deviation.", {.min = 0});
  a.field("correlation", c.correlation, kCorrelationDoc, kCorrelation);
}
template <class Archive>
void describe(Archive& a, NormalJitter& c) {
  describe_deviation(a, c);
}
template <class Archive>
void describe(Archive& a, ParetoJitter& c) {
  describe_deviation(a, c);
}
template <class Archive>
void describe(Archive& a, ParetoNormalJitter& c) {
  describe_deviation(a, c);
}
template <class Archive>
void describe(Archive& a, TableJitter& c) {
  a.field("file", c.file, "Numbers in units of 1/8192 deviations, as iproute2's .dist files.");
  describe_deviation(a, c);
}

inline constexpr std::array<NameDoc, 5> kJitterKinds = {{
    {"uniform", "Evenly spread around none."},
    {"normal", "Normally distributed."},
    {"pareto", "Pareto of shape 3: now and then very late."},
    {"pareto_normal", "A quarter normal, three quarters Pareto."},
    {"table", "From a table, such as Linux's netem uses."},
}};
constexpr std::span<const NameDoc> kinds(const JitterConfig*) { return kJitterKinds; }

template <class Archive>
void describe(Archive& a, BernoulliLoss& c) {
  a.field("probability", c.probability, "Of each packet to be lost.", kProbability);
}
template <class Archive>
void describe(Archive& a, GilbertElliottLoss& c) {
  a.field("p", c.p, "Probability to go from good to bad, at each packet.", kProbability);
  a.field("q", c.q, "Probability to go from bad to good, at each packet.",
          {.above = 0, .max = 1, .measure = Measure::kFraction});
  a.field("loss_good", c.loss_good, "Probability of a loss in the good state.", kProbability);
  a.field("loss_bad", c.loss_bad, "Probability of a loss in the bad state.", kProbability);
}

inline constexpr std::array<NameDoc, 2> kLossKinds = {{
    {"bernoulli", "Every packet by itself."},
    {"gilbert_elliott", "In bursts: a chain of a good and a bad state."},
}};
constexpr std::span<const NameDoc> kinds(const LossConfig*) { return kLossKinds; }

template <class Archive>
void describe(Archive& a, ImpairmentConfig& c) {
  a.field("links", c.links, kLinksDoc);
  a.field("jitter", c.jitter, "Added to the latency, drawn for each message, in the mean none.");
  a.field("loss", c.loss, "Of packets.");
  a.field("duplicate", c.duplicate, "Probability of a packet to be sent twice.", kProbability);
  a.field("corrupt", c.corrupt,
          "Probability of a packet to arrive spoilt, which the checksum finds: as good as lost.",
          kProbability);
  a.field("reorder", c.reorder,
          "Probability of a message to skip the link's latency and so overtake others.",
          kProbability);
}

template <class Archive>
void describe(Archive& a, NetworkConditions& c) {
  a.field("routing", c.routing, "Which route a message takes.");
  a.field("packet", c.packet, "What messages are cut into on the wire.");
  a.field("reliability", c.reliability, "What becomes of lost packets.");
  a.field("impairments", c.impairments,
          "What links do to packets. Of several entries for one link the last one holds.");
  a.field("traces", c.traces, "Links whose rate changes as it was recorded.");
  a.field("background", c.background, "Traffic of others.");
}

}  // namespace understudy
