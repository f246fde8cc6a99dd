// Descriptions of network models, of what their links are under, and of faults. All of them are
// timing keys: the sections are marked.
#pragma once

#include <array>

#include "scenarios/describe/field.hpp"
#include "sim/network/faults_config.hpp"
#include "sim/network/network_config.hpp"

namespace understudy {

inline constexpr const char* kLinksDoc =
    "A pattern of links' names, `london->paris`: * any text, ? a character, <-> both directions.";
inline constexpr Limits kProbability{.min = 0, .max = 1, .measure = Measure::kFraction};
inline constexpr Limits kPositiveTime{.min = 1e-9};

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

template <class Archive>
void describe(Archive& a, ConstantDuration& c) {
  a.field("value", c.value, "How long.", kPositiveTime);
}
template <class Archive>
void describe(Archive& a, ExponentialDuration& c) {
  a.field("mean", c.mean, "How long in the mean.", kPositiveTime);
}
template <class Archive>
void describe(Archive& a, UniformDuration& c) {
  a.field("low", c.low, "At least.", {.min = 0});
  a.field("high", c.high, "At most.", kPositiveTime);
}
template <class Archive>
void describe(Archive& a, WeibullDuration& c) {
  a.field("scale", c.scale, "63 % are shorter.", kPositiveTime);
  a.field("shape", c.shape, "Below 1: many short ones and a few long ones.",
          {.min = 0.1, .max = 10});
}

inline constexpr std::array<NameDoc, 4> kDurationKinds = {{
    {"constant", "Always the same."},
    {"exponential", "Without memory."},
    {"uniform", "Evenly spread."},
    {"weibull", "With a long or a short tail."},
}};
constexpr std::span<const NameDoc> kinds(const DurationDistribution*) { return kDurationKinds; }

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

template <class Archive>
void describe(Archive& a, TokenBucketConfig& c) {
  a.field("links", c.links, kLinksDoc);
  a.field("rate", c.rate, "In the long run.", {.min = 1});
  a.field("burst", c.burst, "Bytes that may leave faster, after a rest.", {.min = 0, .max = 1e12});
  a.field("peak", c.peak, "How fast a burst leaves; the link's own bandwidth where none is given.",
          {.min = 1});
}
template <class Archive>
void describe(Archive& a, QueueLimitConfig& c) {
  a.field("links", c.links, kLinksDoc);
  a.field("bytes", c.bytes, "That may wait or be on their way out.", {.min = 1});
  a.field("packets", c.packets, "That may wait or be on their way out.", {.min = 1});
}
template <class Archive>
void describe(Archive& a, ShareConfig& c) {
  a.field("from", c.from, "A pattern of vertices' names.");
  a.field("to", c.to, "A pattern of vertices' names.");
  a.field("weight", c.weight, "Flows share in proportion to it.", {.min = 1e-6, .max = 1e6});
  a.field("cap", c.cap, "No flow is faster.", {.min = 1});
}

inline constexpr std::array<Named<Fairness>, 2> kFairnessNames = {{
    {Fairness::kEqual, "equal", "All flows alike."},
    {Fairness::kInverseLatency, "inverse_latency",
     "In proportion to 1 / latency of the route, as TCP does."},
}};
constexpr std::span<const Named<Fairness>> names(Fairness) { return kFairnessNames; }

template <class Archive>
void describe(Archive& a, IdealConfig& c) {
  describe(a, c.conditions);
}
template <class Archive>
void describe(Archive& a, QueuedConfig& c) {
  a.field("token_buckets", c.token_buckets, "Links that hold back what comes too fast.");
  a.field("limits", c.limits,
          "How much may wait at a link, beyond a route's first; the rest is dropped.");
  describe(a, c.conditions);
}
template <class Archive>
void describe(Archive& a, FairShareConfig& c) {
  a.field("fairness", c.fairness, "What flows share in proportion to.");
  a.field("shares", c.shares, "Flows with another weight, or a rate of their own at most.");
  describe(a, c.conditions);
}

inline constexpr std::array<NameDoc, 3> kNetworkKinds = {{
    {"ideal", "Every transfer has its path to itself."},
    {"queued", "Packets wait their turn at each link: store and forward, first in, first out."},
    {"fair_share", "Transfers under way share the links max-min fairly."},
}};
constexpr std::span<const NameDoc> kinds(const NetworkConfig*) { return kNetworkKinds; }

inline constexpr const char* kNodesPatternDoc = "A pattern of vertices' names, * and ?.";
inline constexpr const char* kForDoc = "How long; for good where nothing is given.";

template <class Archive>
void describe(Archive& a, LinkOutage& c) {
  a.field("links", c.links, kLinksDoc);
  a.field("at", c.at, "When it begins.", {.min = 0});
  a.field("for", c.lasting, kForDoc, kPositiveTime);
}
template <class Archive>
void describe(Archive& a, NodeOutage& c) {
  a.field("nodes", c.nodes, kNodesPatternDoc);
  a.field("at", c.at, "When it begins.", {.min = 0});
  a.field("for", c.lasting, kForDoc, kPositiveTime);
}
template <class Archive>
void describe(Archive& a, Partition& c) {
  a.field("vertices", c.vertices, "Patterns of vertices' names: these are cut off from the rest.");
  a.field("at", c.at, "When it begins.", {.min = 0});
  a.field("for", c.lasting, kForDoc, kPositiveTime);
}
template <class Archive>
void describe(Archive& a, Flapping& c) {
  a.field("links", c.links, kLinksDoc);
  a.field("at", c.at, "When they go down for the first time.", {.min = 0});
  a.field("down", c.down, "How long they are down at a time.", kPositiveTime);
  a.field("up", c.up, "How long they are up in between.", kPositiveTime);
  a.field("times", c.times, "How often they go down; without end where nothing is given.",
          {.min = 1});
}
template <class Archive>
void describe(Archive& a, Churn& c) {
  a.field("nodes", c.nodes, kNodesPatternDoc);
  a.field("on", c.on, "How long a node stays.");
  a.field("off", c.off, "How long it is away.");
}

inline constexpr std::array<NameDoc, 5> kFaultKinds = {{
    {"link_outage", "Links are down for a while, or for good."},
    {"node_outage", "Nothing reaches some nodes for a while, or for good."},
    {"partition", "Some vertices are cut off from the rest."},
    {"flapping", "Links go down again and again."},
    {"churn", "Nodes come and go at random."},
}};
constexpr std::span<const NameDoc> kinds(const FaultConfig*) { return kFaultKinds; }

}  // namespace understudy
