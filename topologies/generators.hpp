// Topologies by construction. A bandwidth or latency of a link is that of each direction.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "topologies/topology.hpp"

namespace understudy {

struct LinkConfig {
  Bandwidth bandwidth{1e9};
  Duration latency{0};
};

// machines x devices_per_machine x nodes_per_device nodes. Nodes on one device queue for it. Inside a machine every device hangs on the machine's vertex
// (PCIe or NVLink) by a link of half the intra latency, so `intra` holds from device to device;
// machines hang on one switch by links of half the inter latency, so `inter` holds from machine to
// machine. With one device a machine the device sits on the machine's vertex. Ranks go machine by
// machine. With `server`, one more machine hangs on the switch; its one node, the last rank, serves
// and does not train.
struct ClusterConfig {
  int machines = 1;
  int devices_per_machine = 1;
  int nodes_per_device = 1;
  std::string device{};
  LinkConfig intra{Bandwidth{96e9}, std::chrono::microseconds{10}};
  LinkConfig inter{Bandwidth{1e9}, std::chrono::microseconds{200}};
  bool server = false;
};

// nodes in a line; links[i] joins node i and i+1. One link stands for all of them.
struct PathConfig {
  int nodes = 2;
  std::vector<LinkConfig> links{LinkConfig{}};
  std::string device{};
};

// Shapes with the same link everywhere.
struct RingConfig {
  int nodes = 2;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
};
// `nodes` leaves around a hub. The hub is a node too, the last rank, and serves.
struct StarConfig {
  int nodes = 2;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
};
// Every node linked with every other.
struct MeshConfig {
  int nodes = 2;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
};
// A complete tree: node i's parent is (i-1)/branching.
struct TreeConfig {
  int nodes = 3;
  int branching = 2;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
};

using TopologyConfig =
    std::variant<ClusterConfig, PathConfig, RingConfig, StarConfig, MeshConfig, TreeConfig>;

// Throws ScenarioError for impossible values (no nodes, zero bandwidth, negative latency).
Topology make_topology(const TopologyConfig& config);

}  // namespace understudy
