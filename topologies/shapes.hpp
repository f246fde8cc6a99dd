// The makers of each kind of topology, and what they have in common. Inside of topologies/ only.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "topologies/make_topology.hpp"

namespace understudy {

// regular.cpp
Topology make(const ClusterConfig& config);
Topology make(const PathConfig& config);
Topology make(const RingConfig& config);
Topology make(const MeshConfig& config);
Topology make(const TreeConfig& config);
Topology make(const GridConfig& config);
Topology make(const TorusConfig& config);
Topology make(const HypercubeConfig& config);
Topology make(const FatTreeConfig& config);
Topology make(const WanConfig& config);
// star.cpp
Topology make(const StarConfig& config);
// random.cpp
Topology make(const RandomRegularConfig& config);
Topology make(const ErdosRenyiConfig& config);
Topology make(const WattsStrogatzConfig& config);
Topology make(const BarabasiAlbertConfig& config);
Topology make(const RandomGeometricConfig& config);
// graphml_topology.cpp
Topology make(const GraphmlConfig& config);
int nodes_of(const GraphmlConfig& config);  // without the one that serves
// latency_matrix.cpp
Topology make(const LatencyMatrixConfig& config);
int regions_of(const LatencyMatrixConfig& config);

// shapes.cpp
//
// Each throws ScenarioError with a sentence about the shape.
void require_size(std::string_view shape, std::int64_t vertices, std::int64_t links);
void require_positive(std::string_view shape, std::string_view field, int value);
void require_within(std::string_view shape, std::string_view field, double value, double least,
                    double most);
void require_link(std::string_view where, const LinkConfig& link);
// Vertices node0.., each a machine of its own with one node on it.
std::vector<VertexId> add_nodes(Topology& topology, int nodes, const std::string& device);
// Both directions, as the config has them.
void add_cable(Topology& topology, VertexId from, VertexId to, const LinkConfig& link);
// A cable that is half of the way: both ways through two of them take exactly the whole latency.
void add_half(Topology& topology, VertexId outer, VertexId hub, const LinkConfig& whole);

}  // namespace understudy
