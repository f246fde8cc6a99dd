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
  for (std::size_t i = 0; i < config.links.size(); ++i)
    require_link(fmt::format("links[{}]", i), config.links[i]);
  Topology topology;
  const auto nodes = add_nodes(topology, config.nodes, config.device);
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
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

namespace {

// Rows and columns of nodes, both closed to rings or not. Closing one of two would double its cable.
template <class Config>
Topology lattice(std::string_view shape, const Config& config, bool is_closed) {
  require_positive(shape, "rows", config.rows);
  require_positive(shape, "columns", config.columns);
  require_link(fmt::format("a {}", shape), {config.bandwidth, config.latency});
  const std::int64_t size = std::int64_t{config.rows} * config.columns;
  require_size(shape, size, 4 * size);
  Topology topology;
  const auto nodes = add_nodes(topology, static_cast<int>(size), config.device);
  const auto node = [&](int row, int column) {
    return nodes[static_cast<std::size_t>(row) * static_cast<std::size_t>(config.columns) +
                 static_cast<std::size_t>(column)];
  };
  const auto has_next = [&](int i, int length) {
    return i + 1 < length || (is_closed && length > 2);
  };
  for (int r = 0; r < config.rows; ++r) {
    for (int c = 0; c < config.columns; ++c) {
      const LinkConfig link{config.bandwidth, config.latency};
      if (has_next(c, config.columns))
        add_cable(topology, node(r, c), node(r, (c + 1) % config.columns), link);
      if (has_next(r, config.rows))
        add_cable(topology, node(r, c), node((r + 1) % config.rows, c), link);
    }
  }
  return topology;
}

}  // namespace

Topology make(const GridConfig& config) { return lattice("grid", config, false); }
Topology make(const TorusConfig& config) { return lattice("torus", config, true); }

Topology make(const HypercubeConfig& config) {
  require_within("hypercube", "dimensions", config.dimensions, 0, 20);
  require_link("a hypercube", {config.bandwidth, config.latency});
  const std::int64_t size = std::int64_t{1} << config.dimensions;
  require_size("hypercube", size, size * config.dimensions);
  Topology topology;
  const auto nodes = add_nodes(topology, static_cast<int>(size), config.device);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (std::size_t bit = 1; bit < nodes.size(); bit *= 2) {
      if ((i & bit) == 0)
        topology.add_cable({nodes[i], nodes[i | bit], config.bandwidth, config.latency});
    }
  }
  return topology;
}

// With h = k/2: in each pod h edge switches with h nodes each below them and the pod's h aggregation
// switches above; aggregation switch a of every pod is linked with core switches a h .. a h + h - 1.
Topology make(const FatTreeConfig& config) {
  require_within("fat tree", "ports", config.ports, 2, 128);
  require_link("a fat tree", {config.bandwidth, config.latency});
  const int k = config.ports, h = k / 2;
  require_size("fat tree", k * h * h + k * k + h * h, 6 * k * h * h);
  Topology topology;
  const auto join = [&](VertexId a, VertexId b) {
    topology.add_cable({a, b, config.bandwidth, config.latency});
  };
  const auto add_switches = [&](const std::string& prefix, int count) {
    std::vector<VertexId> added;
    for (int i = 0; i < count; ++i)
      added.push_back(topology.add_vertex({fmt::format("{}{}", prefix, i), VertexKind::kSwitch}));
    return added;
  };
  const auto nodes = add_nodes(topology, k * h * h, config.device);
  const auto cores = add_switches("core", h * h);
  auto node = nodes.begin();
  for (int pod = 0; pod < k; ++pod) {
    const auto edges = add_switches(fmt::format("pod{}/edge", pod), h);
    const auto aggregations = add_switches(fmt::format("pod{}/aggregation", pod), h);
    for (const VertexId edge : edges) {
      for (int i = 0; i < h; ++i) join(*node++, edge);
      for (const VertexId aggregation : aggregations) join(edge, aggregation);
    }
    auto core = cores.begin();
    for (const VertexId aggregation : aggregations) {
      for (int i = 0; i < h; ++i) join(aggregation, *core++);
    }
  }
  return topology;
}

Topology make(const WanConfig& config) {
  require_positive("wan", "regions", config.regions);
  require_positive("wan", "machines_per_region", config.machines_per_region);
  require_link("local", config.local);
  require_link("wide", config.wide);
  const std::int64_t regions = config.regions, machines = config.machines_per_region;
  require_size("wan", regions * (machines + 1), regions * (2 * machines + regions - 1));
  Topology topology;
  std::vector<VertexId> routers;
  for (int r = 0; r < config.regions; ++r) {
    const std::string name = fmt::format("region{}", r);
    routers.push_back(topology.add_vertex({name, VertexKind::kSwitch}));
    for (int m = 0; m < config.machines_per_region; ++m) {
      const VertexId machine =
          topology.add_vertex({fmt::format("{}/machine{}", name, m), VertexKind::kMachine});
      add_cable(topology, machine, routers.back(), config.local);
      topology.place({.vertex = machine, .machine = r, .local_rank = m, .device = config.device});
    }
  }
  for (std::size_t i = 0; i < routers.size(); ++i) {
    for (std::size_t j = i + 1; j < routers.size(); ++j)
      add_cable(topology, routers[i], routers[j], config.wide);
  }
  return topology;
}

}  // namespace understudy
