// Makes a topology of what a scenario states. The shapes are in files by kind: regular.cpp,
// random.cpp, graphml.cpp, latency_matrix.cpp.
#pragma once

#include "topologies/topology.hpp"
#include "topologies/topology_config.hpp"

namespace understudy {

// Throws ScenarioError for impossible values (no nodes, zero bandwidth, negative latency) and for
// files that are no such graph.
Topology make_topology(const TopologyConfig& config);

// How many nodes a topology seats, and how they are grouped.
struct Seating {
  int workers = 1;  // nodes that train
  int servers = 0;  // nodes that only serve (a star's hub); their ranks come last
  int workers_per_machine = 1;
  int nodes() const { return workers + servers; }
  int machines() const { return workers / workers_per_machine; }
};
// Without making the topology where its size follows from the config.
Seating seating(const TopologyConfig& topology);

}  // namespace understudy
