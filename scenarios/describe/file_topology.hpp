// Descriptions of topologies from files.
#pragma once

#include <array>

#include "scenarios/describe/regular_topology.hpp"

namespace understudy {

inline constexpr std::array<Named<Ranks>, 3> kRanksNames = {{
    {Ranks::kRoundRobin, "round_robin", "One node on each vertex in turn, in the file's order."},
    {Ranks::kExplicit, "explicit", "On the `vertices`, in this order, again from the first."},
    {Ranks::kByAttribute, "by_attribute",
     "In turn on the vertices that have the `attribute`, with the `value` if there is one."},
}};
constexpr std::span<const Named<Ranks>> names(Ranks) { return kRanksNames; }

template <class Archive>
void describe(Archive& a, PlaceConfig& c) {
  a.field("ranks", c.ranks, "Which vertices nodes sit on.");
  a.field("nodes", c.nodes, "How many nodes; 0: one for each vertex that comes into question.",
          {.min = 0, .max = kMostNodes});
  a.field("vertices", c.vertices, "With `explicit`: names of vertices.");
  a.field("attribute", c.attribute, "With `by_attribute`: the name of an attribute of vertices.");
  a.field("value", c.value, "With `by_attribute`: the value that it has; empty: any.");
  a.field("server", c.server, "A vertex with one more node, which serves; empty: none.");
}

inline constexpr std::array<Named<MissingLocation>, 2> kMissingLocationNames = {{
    {MissingLocation::kDefault, "default", "Their links take the default latency."},
    {MissingLocation::kRefuse, "refuse", "The file is refused."},
}};
constexpr std::span<const Named<MissingLocation>> names(MissingLocation) {
  return kMissingLocationNames;
}

template <class Archive>
void describe(Archive& a, GraphmlConfig& c) {
  a.field("file", c.file, "The GraphML file.");
  a.field(
      "latency_attribute", c.latency_attribute,
      "Of edges, in milliseconds; empty: latency_ms. Where an edge lacks it, coordinates decide.");
  a.field("bandwidth_attribute", c.bandwidth_attribute,
          "Of edges, in bit/s; empty: LinkSpeedRaw, as in the Internet Topology Zoo.");
  a.field("latency", c.latency, "Of links for which the file says nothing.", {.min = 0});
  a.field("bandwidth", c.bandwidth, "Of links for which the file says nothing.", {.min = 1});
  a.field("missing_location", c.missing_location, "What becomes of vertices without coordinates.");
  a.field("place", c.place, "Where nodes sit.");
  a.field("device", c.device, kDeviceDoc);
}

template <class Archive>
void describe(Archive& a, LatencyMatrixConfig& c) {
  a.field("file", c.file,
          "CSV: a header of names, then for each region its name and round-trip "
          "times in milliseconds.");
  a.field("bandwidth", c.bandwidth, "Rate between two regions in each direction.", {.min = 1});
  a.field("nodes_per_region", c.nodes_per_region, "How many nodes in each region.",
          {.min = 1, .max = kMostNodes});
  a.field("local", c.local, "The link from a node to its region's router; `back` leads to it.");
  a.field("device", c.device, kDeviceDoc);
}

}  // namespace understudy
