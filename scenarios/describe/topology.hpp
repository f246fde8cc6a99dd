// Descriptions of topologies, network models and devices. All of them are timing keys: the sections
// are marked.
#pragma once

#include <array>

#include "scenarios/describe/field.hpp"
#include "sim/device/profile.hpp"
#include "sim/network/network_config.hpp"
#include "topologies/generators.hpp"

namespace understudy {

inline constexpr double kMostNodes = 100'000;
inline constexpr const char* kDeviceDoc =
    "The profile of every node's device, or empty for one that takes no time.";
inline constexpr const char* kNodesDoc = "How many nodes.";

template <class Archive>
void describe(Archive& a, LinkConfig& c) {
  a.field("bandwidth", c.bandwidth, "Rate in each direction.", {.min = 1});
  a.field("latency", c.latency, "Paid once by every message.", {.min = 0});
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
void describe(Archive& a, StarConfig& c) {
  a.field("nodes", c.nodes, "How many leaves around the hub, which is a node too and serves.",
          {.min = 1, .max = kMostNodes});
  describe_even_shape(a, c);
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

inline constexpr std::array<NameDoc, 6> kTopologyKinds = {{
    {"cluster", "Machines on one switch, each with devices behind its own bus."},
    {"path", "Nodes in a line, with links of their own."},
    {"ring", "Nodes in a circle."},
    {"star", "Leaves around a hub that serves."},
    {"mesh", "Every node linked with every other."},
    {"tree", "A complete tree of nodes."},
}};
constexpr std::span<const NameDoc> kinds(const TopologyConfig*) { return kTopologyKinds; }

template <class Archive>
void describe(Archive&, IdealConfig&) {}
template <class Archive>
void describe(Archive&, QueuedConfig&) {}
template <class Archive>
void describe(Archive&, FairShareConfig&) {}

inline constexpr std::array<NameDoc, 3> kNetworkKinds = {{
    {"ideal", "Every transfer has its path to itself."},
    {"queued", "Messages wait their turn at each link: store and forward, first in, first out."},
    {"fair_share", "Transfers under way share the links max-min fairly."},
}};
constexpr std::span<const NameDoc> kinds(const NetworkConfig*) { return kNetworkKinds; }

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
