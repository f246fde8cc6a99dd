// Descriptions of network models. They, their conditions and faults are timing keys: the sections
// are marked.
#pragma once

#include <array>

#include "scenarios/describe/conditions.hpp"
#include "sim/network/network_config.hpp"

namespace understudy {

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

}  // namespace understudy
