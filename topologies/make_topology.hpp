// Makes a topology of what a scenario states. The shapes are in files by kind: regular.cpp, star.cpp,
// random.cpp, graphml.cpp, latency_matrix.cpp.
#pragma once

#include "topologies/topology.hpp"
#include "topologies/topology_config.hpp"

namespace understudy {

// Values of a config that are fine by themselves and do not fit each other.
struct Misfit {
  std::string key;  // below `topology`: "degree", "links[1].back"
  std::string sentence;
};
std::optional<Misfit> misfit(const TopologyConfig& config);

// Throws ScenarioError for values that do not fit, or are impossible (no nodes, zero bandwidth,
// negative latency), for files that are no such graph, and where no draw of a random graph was
// connected.
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
