#include "topologies/analysis/statistics.hpp"

#include <vector>

#include "topologies/analysis/neighbours.hpp"
#include "topologies/analysis/spectrum.hpp"
#include "topologies/analysis/trunks.hpp"

namespace understudy {
namespace {

std::optional<double> algebraic_connectivity(std::size_t vertices,
                                             const std::vector<Trunk>& trunks) {
  if (vertices < 2) return std::nullopt;
  std::vector<WeightedEdge> edges;
  for (const Trunk& t : trunks) edges.push_back({t.a, t.b, 1});
  const auto pair = fiedler_pair(vertices, edges);
  return pair ? std::optional(pair->value) : std::nullopt;
}

std::optional<double> spectral_gap(const NeighbourGraph& graph) {
  if (graph.nodes < 2) return std::nullopt;
  if (graph.complete) return 1;  // all weights are 1/n: one round averages everything
  return metropolis_gap(graph.nodes, graph.pairs);
}

}  // namespace

TopologyStatistics statistics_of(const Topology& topology) {
  const std::vector<Trunk> trunks = trunks_of(topology);
  TopologyStatistics out{.vertices = topology.vertices().size(),
                         .links = topology.links().size(),
                         .nodes = topology.places().size(),
                         .components = strong_components(topology)};
  for (const Trunk& t : trunks) out.cables += static_cast<std::size_t>(t.cables());
  if (out.components == 1) out.distances = distances_of(topology);
  out.bisection = bisection_of(topology);
  out.algebraic_connectivity = algebraic_connectivity(out.vertices, trunks);
  if (const auto graph = neighbours_of(topology)) {
    out.neighbour_pairs = graph->size();
    out.spectral_gap = spectral_gap(*graph);
  }
  return out;
}

}  // namespace understudy
