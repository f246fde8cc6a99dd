// A topology's links, taken together for each two vertices that they join.
#pragma once

#include <cstdint>
#include <vector>

#include "topologies/topology.hpp"

namespace understudy {

struct Trunk {
  std::uint32_t a = 0, b = 0;  // vertices, a < b
  double there = 0, back = 0;  // bit/s from a to b and from b to a; 0: no link that way
  int links_there = 0, links_back = 0;
  int cables() const { return links_there > links_back ? links_there : links_back; }
  bool operator==(const Trunk&) const = default;
};

// By a, then b.
std::vector<Trunk> trunks_of(const Topology& topology);

// How many nodes sit on each vertex; one on each where the topology places none.
std::vector<int> nodes_on_vertices(const Topology& topology);

}  // namespace understudy
