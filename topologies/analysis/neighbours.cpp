#include "topologies/analysis/neighbours.hpp"

#include <algorithm>
#include <boost/pending/disjoint_sets.hpp>

#include "topologies/analysis/trunks.hpp"

namespace understudy {
namespace {

using Group = std::vector<std::uint32_t>;  // nodes that are all neighbours of each other

// Nodes by vertex; where there are none, vertices stand for them.
std::vector<Group> nodes_by_vertex(const Topology& topology) {
  std::vector<Group> nodes(topology.vertices().size());
  std::uint32_t rank = 0;
  for (const Place& place : topology.places()) nodes[place.vertex.index()].push_back(rank++);
  if (rank > 0) return nodes;
  for (Group& group : nodes) group.push_back(rank++);
  return nodes;
}

void append(Group& group, const Group& more) {
  group.insert(group.end(), more.begin(), more.end());
}

// One for each connected part of vertices without nodes: the nodes around it. One for each vertex
// with nodes, and for each trunk between two of them.
std::vector<Group> groups_of(const Topology& topology) {
  const std::vector<Group> nodes = nodes_by_vertex(topology);
  const std::vector<Trunk> trunks = trunks_of(topology);
  std::vector<std::uint32_t> rank(nodes.size()), parent(nodes.size());
  boost::disjoint_sets parts(rank.data(), parent.data());
  for (std::uint32_t v = 0; v < nodes.size(); ++v) parts.make_set(v);
  for (const Trunk& t : trunks) {
    if (nodes[t.a].empty() && nodes[t.b].empty()) parts.union_set(t.a, t.b);
  }
  std::vector<Group> groups = nodes;
  for (const Trunk& t : trunks) {
    if (!nodes[t.a].empty() && !nodes[t.b].empty()) {
      groups.push_back(nodes[t.a]);
      append(groups.back(), nodes[t.b]);
    } else {
      append(groups[parts.find_set(nodes[t.a].empty() ? t.a : t.b)],
             nodes[nodes[t.a].empty() ? t.b : t.a]);
    }
  }
  return groups;
}

}  // namespace

std::optional<NeighbourGraph> neighbours_of(const Topology& topology) {
  NeighbourGraph graph;
  graph.nodes = topology.places().empty() ? topology.vertices().size() : topology.places().size();
  for (Group& group : groups_of(topology)) {
    std::sort(group.begin(), group.end());
    group.erase(std::unique(group.begin(), group.end()), group.end());
    if (group.size() == graph.nodes && group.size() > 0) {
      graph.pairs.clear();
      graph.complete = true;
      return graph;
    }
    const std::size_t pairs = group.size() * (group.size() - (group.empty() ? 0 : 1)) / 2;
    if (graph.pairs.size() + pairs > kMaxNeighbourPairs) return std::nullopt;
    for (std::size_t i = 0; i < group.size(); ++i) {
      for (std::size_t j = i + 1; j < group.size(); ++j)
        graph.pairs.emplace_back(group[i], group[j]);
    }
  }
  std::sort(graph.pairs.begin(), graph.pairs.end());
  graph.pairs.erase(std::unique(graph.pairs.begin(), graph.pairs.end()), graph.pairs.end());
  return graph;
}

}  // namespace understudy
