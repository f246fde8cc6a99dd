// Which nodes are neighbours: the graph that gossip spreads on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "topologies/topology.hpp"

namespace understudy {

struct NeighbourGraph {
  std::size_t nodes = 0;
  bool complete = false;  // every two nodes are neighbours; `pairs` is then left empty
  // Of different nodes, by rank, the lower one first, in order and each once.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs{};

  std::size_t size() const { return complete ? nodes * (nodes - 1) / 2 : pairs.size(); }
};

// Two nodes are neighbours where a link joins their vertices, or a path that passes only vertices
// without a node, such as switches; nodes on one vertex are neighbours too. Links count in both
// directions. Where the topology places no nodes, vertices stand for them. nullopt beyond
// kMaxNeighbourPairs.
std::optional<NeighbourGraph> neighbours_of(const Topology& topology);

inline constexpr std::size_t kMaxNeighbourPairs = 4'000'000;

}  // namespace understudy
