// What a topology is like, in numbers. docs/topologies.md has the formulas and their sources.
#pragma once

#include <cstddef>
#include <optional>

#include "topologies/analysis/bisection.hpp"
#include "topologies/analysis/distances.hpp"
#include "topologies/topology.hpp"

namespace understudy {

struct TopologyStatistics {
  std::size_t vertices = 0;
  std::size_t links = 0;   // directed
  std::size_t cables = 0;  // a link one way and one back; a link without one back counts as one
  std::size_t nodes = 0;
  std::size_t components = 0;          // 1: every vertex reaches every other
  std::optional<Distances> distances;  // nullopt unless connected
  std::optional<Bisection> bisection;
  // Of the simple undirected graph of vertices. nullopt for one vertex, or where it is not found.
  std::optional<double> algebraic_connectivity;
  // Of the neighbour graph of nodes. nullopt for one node, too many pairs, or where it is not found.
  std::optional<double> spectral_gap;
  std::optional<std::size_t> neighbour_pairs;  // nullopt: too many
};

TopologyStatistics statistics_of(const Topology& topology);

}  // namespace understudy
