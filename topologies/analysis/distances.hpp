// How far apart a topology's vertices are.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/base/units.hpp"
#include "topologies/topology.hpp"

namespace understudy {

// What a search without an end in sight knows about a number.
template <class T>
struct Bounds {
  T low{}, high{};
  bool exact() const { return low == high; }
};

struct Distances {
  // The greatest distance from one vertex to another: by fewest hops, and by least latency.
  Bounds<std::int64_t> hops;
  Bounds<Duration> latency;
  // Of the routes between nodes, over ordered pairs of different nodes; from one node to another on
  // the same vertex it is zero. Without nodes, between vertices.
  Duration mean_route_latency{0};
  std::size_t sources = 0;  // the nodes whose routes are in the mean
  std::size_t nodes = 0;    // all of them
};

// How many parts there are within which every vertex reaches every other along directed links.
std::size_t strong_components(const Topology& topology);

// Of a topology whose every vertex reaches every other. Exact where searching from every vertex is
// affordable. Beyond that the diameters are between the farthest vertex that sweeps have found, each
// starting at the farthest of the last one, and the least sum of distances to and from any vertex
// swept (what is exact for stars and many trees); the mean is over a random sample of sources.
Distances distances_of(const Topology& topology);

}  // namespace understudy
