// Descriptions of topologies and devices. All of them are timing keys: the sections are marked.
#pragma once

#include <array>

#include "scenarios/describe/field.hpp"
#include "sim/device/profile.hpp"
#include "topologies/topology_config.hpp"

namespace understudy {

inline constexpr double kMostNodes = 100'000;
inline constexpr const char* kDeviceDoc =
    "The profile of every node's device, or empty for one that takes no time.";
inline constexpr const char* kNodesDoc = "How many nodes.";

inline constexpr const char* kSeedDoc = "The source of the topology's draws.";

inline constexpr std::array<Named<Duplex>, 2> kDuplexNames = {{
    {Duplex::kFull, "full", "Each direction has the bandwidth to itself."},
    {Duplex::kHalf, "half", "Both directions share the bandwidth."},
}};
constexpr std::span<const Named<Duplex>> names(Duplex) { return kDuplexNames; }

template <class Archive>
void describe(Archive& a, LinkConfig& c) {
  a.field("bandwidth", c.bandwidth, "Rate in each direction.", {.min = 1});
  a.field("latency", c.latency, "Paid once by every message.", {.min = 0});
  a.field("back", c.back, "Rate in the other direction, where it differs.", {.min = 1});
  a.field("duplex", c.duplex, "Whether the two directions share the bandwidth.");
}

template <class Archive>
void describe(Archive& a, ClusterConfig& c) {
  a.field("machines", c.machines, "How many machines, all on one switch.",
          {.min = 1, .max = kMostNodes});
  a.field("devices_per_machine", c.devices_per_machine, "How many devices in a machine.",
          {.min = 1, .max = 1024});
  a.field("nodes_per_device", c.nodes_per_device,
          "How many nodes on each device; they queue for it.", {.min = 1, .max = 1024});
  a.field("device", c.device, kDeviceDoc);
  a.field("intra", c.intra, "The link from device to device inside a machine.");
  a.field("inter", c.inter, "The link from machine to machine.");
  a.field("server", c.server, "One more machine whose node serves and does not train.");
}

template <class Archive>
void describe(Archive& a, PathConfig& c) {
  a.field("nodes", c.nodes, "How many nodes in a line.", {.min = 1, .max = kMostNodes});
  a.field("links", c.links, "The links from each node to the next; one stands for all of them.");
  a.field("device", c.device, kDeviceDoc);
}

template <class Archive, class Shape>
void describe_even_shape(Archive& a, Shape& c) {
  a.field("bandwidth", c.bandwidth, "Rate of every link in each direction.", {.min = 1});
  a.field("latency", c.latency, "Paid once by every message on every link.", {.min = 0});
  a.field("device", c.device, kDeviceDoc);
}

template <class Archive>
void describe(Archive& a, RingConfig& c) {
  a.field("nodes", c.nodes, kNodesDoc, {.min = 1, .max = kMostNodes});
  describe_even_shape(a, c);
}

template <class Archive>
void describe(Archive& a, AccessClass& c) {
  a.field("share", c.share, "Of the leaves, relative to the other classes'.", {.above = 0});
  a.field("down", c.down, "Rate from the hub to the leaf.", {.min = 1});
  a.field("up", c.up, "Rate from the leaf to the hub.", {.min = 1});
  a.field("latency", c.latency, "Paid once by every message.", {.min = 0});
}

template <class Archive>
void describe(Archive& a, StarConfig& c) {
  a.field("nodes", c.nodes, "How many leaves around the hub, which is a node too and serves.",
          {.min = 1, .max = kMostNodes});
  describe_even_shape(a, c);
  a.field("classes", c.classes,
          "Kinds of access links; with them bandwidth and latency don't apply.");
  a.field("spread", c.spread,
          "With `classes`: each leaf's rates are multiplied by exp(spread x normal).",
          {.min = 0, .max = 3});
  a.field("seed", c.seed, kSeedDoc);
}

template <class Archive>
void describe(Archive& a, MeshConfig& c) {
  a.field("nodes", c.nodes, "How many nodes, each linked with every other.",
          {.min = 1, .max = 2048});
  describe_even_shape(a, c);
}

template <class Archive>
void describe(Archive& a, TreeConfig& c) {
  a.field("nodes", c.nodes, kNodesDoc, {.min = 1, .max = kMostNodes});
  a.field("branching", c.branching, "How many children a node has.", {.min = 1, .max = 1024});
  describe_even_shape(a, c);
}

template <class Archive>
void describe(Archive& a, GridConfig& c) {
  a.field("rows", c.rows, "How many rows.", {.min = 1, .max = 4096});
  a.field("columns", c.columns, "How many columns.", {.min = 1, .max = 4096});
  describe_even_shape(a, c);
}

template <class Archive>
void describe(Archive& a, TorusConfig& c) {
  a.field("rows", c.rows, "How many rows.", {.min = 1, .max = 4096});
  a.field("columns", c.columns, "How many columns.", {.min = 1, .max = 4096});
  describe_even_shape(a, c);
}

template <class Archive>
void describe(Archive& a, HypercubeConfig& c) {
  a.field("dimensions", c.dimensions, "2^dimensions nodes.", {.min = 0, .max = 16});
  describe_even_shape(a, c);
}

template <class Archive>
void describe(Archive& a, FatTreeConfig& c) {
  a.field("ports", c.ports, "Ports of a switch, an even number k: k^3/4 nodes.",
          {.min = 2, .max = 64});
  describe_even_shape(a, c);
}

template <class Archive>
void describe(Archive& a, RandomRegularConfig& c) {
  a.field("nodes", c.nodes, kNodesDoc, {.min = 1, .max = kMostNodes});
  a.field("degree", c.degree, "How many neighbours each node has.", {.min = 1, .max = 1024});
  describe_even_shape(a, c);
  a.field("seed", c.seed, kSeedDoc);
}

template <class Archive>
void describe(Archive& a, ErdosRenyiConfig& c) {
  a.field("nodes", c.nodes, kNodesDoc, {.min = 1, .max = kMostNodes});
  a.field("probability", c.probability, "Of a link between two nodes.",
          {.above = 0, .max = 1, .measure = Measure::kFraction});
  describe_even_shape(a, c);
  a.field("seed", c.seed, kSeedDoc);
}

template <class Archive>
void describe(Archive& a, WattsStrogatzConfig& c) {
  a.field("nodes", c.nodes, kNodesDoc, {.min = 3, .max = kMostNodes});
  a.field("neighbours", c.neighbours, "Of each node on the ring lattice, an even number.",
          {.min = 2, .max = 1024});
  a.field("rewire", c.rewire, "Probability that a link moves one of its ends.",
          {.min = 0, .max = 1, .measure = Measure::kFraction});
  describe_even_shape(a, c);
  a.field("seed", c.seed, kSeedDoc);
}

template <class Archive>
void describe(Archive& a, BarabasiAlbertConfig& c) {
  a.field("nodes", c.nodes, kNodesDoc, {.min = 2, .max = kMostNodes});
  a.field("edges", c.edges, "Links of each new node.", {.min = 1, .max = 1024});
  describe_even_shape(a, c);
  a.field("seed", c.seed, kSeedDoc);
}

template <class Archive>
void describe(Archive& a, RandomGeometricConfig& c) {
  a.field("nodes", c.nodes, "How many nodes, at random places of the unit square.",
          {.min = 1, .max = kMostNodes});
  a.field("radius", c.radius, "Nodes closer than this are linked.", {.above = 0, .max = 1.5});
  a.field("bandwidth", c.bandwidth, "Rate of every link in each direction.", {.min = 1});
  a.field("latency", c.latency, "Of a link as long as the radius; shorter ones have less.",
          {.min = 0});
  a.field("device", c.device, kDeviceDoc);
  a.field("seed", c.seed, kSeedDoc);
}

template <class Archive>
void describe(Archive& a, WanConfig& c) {
  a.field("regions", c.regions, "How many regions, each linked with every other.",
          {.min = 1, .max = 1024});
  a.field("machines_per_region", c.machines_per_region, "How many machines with one node each.",
          {.min = 1, .max = kMostNodes});
  a.field("local", c.local, "The link from a machine to its region's router; `back` leads to it.");
  a.field("wide", c.wide, "The link from router to router.");
  a.field("device", c.device, kDeviceDoc);
}

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

inline constexpr std::array<NameDoc, 18> kTopologyKinds = {{
    {"cluster", "Machines on one switch, each with devices behind its own bus."},
    {"path", "Nodes in a line, with links of their own."},
    {"ring", "Nodes in a circle."},
    {"star", "Leaves around a hub that serves, on links alike or of several classes."},
    {"mesh", "Every node linked with every other."},
    {"tree", "A complete tree of nodes."},
    {"grid", "Nodes in rows and columns, linked with their neighbours."},
    {"torus", "A grid whose rows and columns are rings."},
    {"hypercube", "2^d nodes, linked where their numbers differ in one bit."},
    {"fat_tree", "A k-ary fat tree of switches, as in data centres."},
    {"random_regular", "A random graph in which every node has equally many neighbours."},
    {"erdos_renyi", "A random graph with every link as likely as any other."},
    {"watts_strogatz", "A small world: a ring lattice with some links moved."},
    {"barabasi_albert", "A scale-free graph, grown by preferential attachment."},
    {"random_geometric", "Nodes at random places, linked where they are close."},
    {"wan", "Regions of machines, whose routers are linked over long distances."},
    {"graphml", "A graph from a GraphML file, such as the Internet Topology Zoo's."},
    {"latency_matrix", "Regions from a matrix of round-trip times."},
}};
constexpr std::span<const NameDoc> kinds(const TopologyConfig*) { return kTopologyKinds; }

inline constexpr std::array<Named<CostKind>, 2> kCostNames = {{
    {CostKind::kProfile, "profile",
     "Declared: the model's counted operations and bytes on the device's profile."},
    {CostKind::kMeasured, "measured", "Measured: thread CPU time times the factor."},
}};
constexpr std::span<const Named<CostKind>> names(CostKind) { return kCostNames; }

template <class Archive>
void describe(Archive& a, DeviceProfile& c) {
  a.field("compute", c.flops_per_s, "Achieved fp32 rate, at least 1flop/s; 0: takes no time.",
          {.min = 0, .measure = Measure::kFlops});
  a.field("memory", c.memory_bytes_per_s, "Achieved memory rate, at least 1B/s; 0: takes no time.",
          {.min = 0, .measure = Measure::kByteRate});
  a.field("launch_overhead", c.launch_overhead, "Paid by every kernel.", {.min = 0});
  a.field("copy", c.copy_bytes_per_s, "Rate from host to device, at least 1B/s; 0: takes no time.",
          {.min = 0, .measure = Measure::kByteRate});
  a.field("load_samples_per_s", c.load_samples_per_s,
          "Samples a second that the loader prepares, at least 0.001; 0: takes no time.",
          {.min = 0});
}

template <class Archive>
void describe(Archive& a, DevicesConfig& c) {
  a.field("cost", c.cost, "What compute is charged by.");
  a.field("factor", c.factor, "With `measured`: device time over thread CPU time.", {.above = 0});
  a.field("profiles", c.profiles, "Profiles of your own, by name.");
}

}  // namespace understudy
