// Shapes without chance.
#include <fmt/format.h>

#include "runtime/base/errors.hpp"
#include "topologies/shapes.hpp"

namespace understudy {

Topology make(const ClusterConfig& config) {
  require_positive("cluster", "machines", config.machines);
  require_positive("cluster", "devices_per_machine", config.devices_per_machine);
  require_positive("cluster", "nodes_per_device", config.nodes_per_device);
  require_link("intra", config.intra);
  require_link("inter", config.inter);
  const std::int64_t machines = config.machines, devices = config.devices_per_machine;
  require_size("cluster", machines * (devices + 1) + 1, 2 * machines * (devices + 1));
  Topology topology;
  std::vector<VertexId> hosts;
  for (int m = 0; m < config.machines; ++m) {
    const std::string name = fmt::format("machine{}", m);
    const VertexId machine = topology.add_vertex({name, VertexKind::kMachine});
    hosts.push_back(machine);
    for (int d = 0; d < config.devices_per_machine; ++d) {
      VertexId vertex = machine;
      if (config.devices_per_machine > 1) {
        vertex = topology.add_vertex({fmt::format("{}/device{}", name, d), VertexKind::kDevice});
        add_half(topology, vertex, machine, config.intra);
      }
      for (int n = 0; n < config.nodes_per_device; ++n) {
        topology.place({.vertex = vertex,
                        .machine = m,
                        .local_rank = d * config.nodes_per_device + n,
                        .device = config.device});
      }
    }
  }
  if (config.server) {
    hosts.push_back(topology.add_vertex({"server", VertexKind::kMachine}));
    topology.place({.vertex = hosts.back(),
                    .machine = config.machines,
                    .device = config.device,
                    .serves = true});
  }
  if (hosts.size() > 1) {
    const VertexId hub = topology.add_vertex({"switch", VertexKind::kSwitch});
    for (const VertexId machine : hosts) add_half(topology, machine, hub, config.inter);
  }
  return topology;
}

Topology make(const PathConfig& config) {
  require_positive("path", "nodes", config.nodes);
  require_size("path", config.nodes, 2 * std::int64_t{config.nodes});
  const std::size_t gaps = static_cast<std::size_t>(config.nodes) - 1;
  if (config.links.size() != 1 && config.links.size() != gaps) {
    throw ScenarioError(fmt::format("a path of {} nodes needs 1 link for all or {} links, not {}",
                                    config.nodes, gaps, config.links.size()));
  }
  for (std::size_t i = 0; i < config.links.size(); ++i)
    require_link(fmt::format("links[{}]", i), config.links[i]);
  Topology topology;
  const auto nodes = add_nodes(topology, config.nodes, config.device);
  for (std::size_t i = 0; i < gaps; ++i) {
    const LinkConfig& link = config.links[config.links.size() == 1 ? 0 : i];
    add_cable(topology, nodes[i], nodes[i + 1], link);
  }
  return topology;
}

Topology make(const RingConfig& config) {
  require_positive("ring", "nodes", config.nodes);
  require_link("a ring", {config.bandwidth, config.latency});
  require_size("ring", config.nodes, 2 * std::int64_t{config.nodes});
  Topology topology;
  const auto nodes = add_nodes(topology, config.nodes, config.device);
  const std::size_t cables =
      nodes.size() > 2 ? nodes.size() : nodes.size() - 1;  // two nodes share one cable
  for (std::size_t i = 0; i < cables; ++i) {
    topology.add_cable({nodes[i], nodes[(i + 1) % nodes.size()], config.bandwidth, config.latency});
  }
  return topology;
}

Topology make(const StarConfig& config) {
  require_positive("star", "nodes", config.nodes);
  require_link("a star", {config.bandwidth, config.latency});
  require_size("star", std::int64_t{config.nodes} + 1, 2 * std::int64_t{config.nodes});
  Topology topology;
  const auto leaves = add_nodes(topology, config.nodes, config.device);
  const VertexId hub = topology.add_vertex({"hub", VertexKind::kHost});
  topology.place({.vertex = hub, .machine = config.nodes, .device = config.device, .serves = true});
  for (const VertexId leaf : leaves)
    topology.add_cable({leaf, hub, config.bandwidth, config.latency});
  return topology;
}

Topology make(const MeshConfig& config) {
  require_positive("mesh", "nodes", config.nodes);
  require_link("a mesh", {config.bandwidth, config.latency});
  require_size("mesh", config.nodes, std::int64_t{config.nodes} * (config.nodes - 1));
  Topology topology;
  const auto nodes = add_nodes(topology, config.nodes, config.device);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (std::size_t j = i + 1; j < nodes.size(); ++j) {
      topology.add_cable({nodes[i], nodes[j], config.bandwidth, config.latency});
    }
  }
  return topology;
}

Topology make(const TreeConfig& config) {
  require_positive("tree", "nodes", config.nodes);
  require_positive("tree", "branching", config.branching);
  require_link("a tree", {config.bandwidth, config.latency});
  require_size("tree", config.nodes, 2 * std::int64_t{config.nodes});
  Topology topology;
  const auto nodes = add_nodes(topology, config.nodes, config.device);
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const std::size_t parent = (i - 1) / static_cast<std::size_t>(config.branching);
    topology.add_cable({nodes[i], nodes[parent], config.bandwidth, config.latency});
  }
  return topology;
}

Topology make(const GridConfig&) { throw ScenarioError("not built yet"); }
Topology make(const TorusConfig&) { throw ScenarioError("not built yet"); }
Topology make(const HypercubeConfig&) { throw ScenarioError("not built yet"); }
Topology make(const FatTreeConfig&) { throw ScenarioError("not built yet"); }
Topology make(const WanConfig&) { throw ScenarioError("not built yet"); }

}  // namespace understudy
