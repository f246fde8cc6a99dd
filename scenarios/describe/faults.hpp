// Descriptions of faults.
#pragma once

#include <array>

#include "scenarios/describe/links_over_time.hpp"
#include "sim/network/faults_config.hpp"

namespace understudy {

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
