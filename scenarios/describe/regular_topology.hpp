// Descriptions of topologies without chance, and of what all kinds have.
#pragma once

#include <array>

#include "scenarios/describe/field.hpp"
#include "topologies/topology_config.hpp"

namespace understudy {

inline constexpr double kMostNodes = 100'000;
inline constexpr const char* kDeviceDoc =
    "The profile of every node's device, or empty for one that takes no time. In the modes "
    "`emulated` and `real` "
    "also a GPU of the host, `cuda:N`, or `cuda`: the rank's own.";
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
  a.field("device", c.device, "The profile of their devices; the star's where nothing is given.");
  a.field("down", c.down, "Rate from the hub to the leaf.", {.min = 1});
  a.field("up", c.up, "Rate from the leaf to the hub.", {.min = 1});
  a.field("latency", c.latency, "Paid once by every message.", {.min = 0});
}

template <class Archive>
void describe(Archive& a, StarConfig& c) {
  a.field("nodes", c.nodes, "How many leaves around the hub, which is a node too and serves.",
          {.min = 1, .max = kMostNodes});
  describe_even_shape(a, c);
  a.field(
      "classes", c.classes,
      "Kinds of leaves by access link and device; with them bandwidth and latency don't apply.");
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
void describe(Archive& a, WanConfig& c) {
  a.field("regions", c.regions, "How many regions, each linked with every other.",
          {.min = 1, .max = 1024});
  a.field("machines_per_region", c.machines_per_region, "How many machines with one node each.",
          {.min = 1, .max = kMostNodes});
  a.field("local", c.local, "The link from a machine to its region's router; `back` leads to it.");
  a.field("wide", c.wide, "The link from router to router.");
  a.field("device", c.device, kDeviceDoc);
}

}  // namespace understudy
