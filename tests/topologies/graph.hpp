// What the tests of topologies ask of one.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/errors.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {

inline VertexId vertex_of(const Topology& topology, int rank) {
  return topology.places()[static_cast<std::size_t>(rank)].vertex;
}

inline Duration latency_between(const Topology& topology, int from, int to) {
  Duration sum{0};
  for (const LinkId id : topology.route(vertex_of(topology, from), vertex_of(topology, to))) {
    sum += topology.links()[id.index()].latency;
  }
  return sum;
}

inline std::vector<std::string> names_on_route(const Topology& topology, int from, int to) {
  std::vector<std::string> names;
  for (const LinkId id : topology.route(vertex_of(topology, from), vertex_of(topology, to))) {
    names.push_back(topology.link_name(id));
  }
  return names;
}

inline std::string error_of(const TopologyConfig& config) {
  try {
    make_topology(config);
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "no error";
}

inline bool same_links(const Topology& a, const Topology& b) {
  return std::equal(a.links().begin(), a.links().end(), b.links().begin(), b.links().end(),
                    [](const Link& x, const Link& y) {
                      return x.from == y.from && x.to == y.to && x.bandwidth == y.bandwidth &&
                             x.latency == y.latency && x.medium == y.medium;
                    });
}

// By vertex, where its links lead.
using Neighbours = std::vector<std::set<std::size_t>>;
inline Neighbours neighbours_in(const Topology& topology) {
  Neighbours neighbours(topology.vertices().size());
  for (const Link& link : topology.links()) neighbours[link.from.index()].insert(link.to.index());
  return neighbours;
}

// Cables both ways, and no two between the same vertices.
inline bool is_simple(const Topology& topology) {
  const Neighbours neighbours = neighbours_in(topology);
  std::size_t pairs = 0;
  for (std::size_t v = 0; v < neighbours.size(); ++v) {
    for (const std::size_t other : neighbours[v]) {
      if (!neighbours[other].contains(v)) return false;
    }
    pairs += neighbours[v].size();
  }
  return pairs == topology.links().size();
}

// Breadth first, by vertex; the number of vertices for those that cannot be reached.
inline std::vector<std::size_t> hops_from(const Neighbours& neighbours, std::size_t start) {
  std::vector<std::size_t> hops(neighbours.size(), neighbours.size()), queue{start};
  hops[start] = 0;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    for (const std::size_t next : neighbours[queue[i]]) {
      if (hops[next] < neighbours.size()) continue;
      hops[next] = hops[queue[i]] + 1;
      queue.push_back(next);
    }
  }
  return hops;
}

inline std::size_t diameter(const Topology& topology) {
  const Neighbours neighbours = neighbours_in(topology);
  std::size_t most = 0;
  for (std::size_t v = 0; v < neighbours.size(); ++v)
    most = std::max(most, std::ranges::max(hops_from(neighbours, v)));
  return most;
}

// Every kind that comes without a file.
inline std::vector<TopologyConfig> one_of_each() {
  return {ClusterConfig{.machines = 3, .devices_per_machine = 2, .device = "a100", .server = true},
          PathConfig{.device = "a100"},
          RingConfig{.nodes = 4, .device = "a100"},
          StarConfig{.device = "a100"},
          StarConfig{.nodes = 9, .device = "a100", .classes = {{}, {.share = 2}}, .spread = 0.5},
          MeshConfig{.device = "a100"},
          TreeConfig{.device = "a100"},
          GridConfig{.device = "a100"},
          TorusConfig{.device = "a100"},
          HypercubeConfig{.device = "a100"},
          FatTreeConfig{.device = "a100"},
          RandomRegularConfig{.device = "a100"},
          ErdosRenyiConfig{.device = "a100"},
          WattsStrogatzConfig{.device = "a100"},
          BarabasiAlbertConfig{.device = "a100"},
          RandomGeometricConfig{.device = "a100"},
          WanConfig{.device = "a100"}};
}

}  // namespace understudy
