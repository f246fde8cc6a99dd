// Graphs that gossiping nodes exchange models on, a round each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/collectives/communicator.hpp"
#include "runtime/strategies/gossip_config.hpp"

namespace understudy {

// Of each node: indices of nodes, ascending.
using NeighbourLists = SharedList<std::vector<std::uint32_t>>;

// Whom each node hears from, and whom it sends to: the same where edges have no direction.
struct GossipGraph {
  NeighbourLists from, to;
};

// In the order of their rounds. An exponential graph stands for several; no graphs for the topology.
// The edges must be ones (edges_problem).
std::vector<GossipGraph> gossip_graphs(const std::vector<GraphConfig>& graphs, std::size_t nodes,
                                       const NeighbourLists& topology);

// Why a graph is none of so many nodes, as a clause about it; nullopt where it is one.
std::optional<std::string> edges_problem(const EdgesGraph& graph, std::size_t nodes);

// Whether some node hears from one that it does not send to.
bool has_directions(const GraphConfig& graph);

}  // namespace understudy
