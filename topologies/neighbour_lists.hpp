// Which nodes of a topology are neighbours.
#pragma once

#include <cstdint>
#include <vector>

#include "topologies/topology.hpp"

namespace understudy {

// For each place that does not serve, counted in order of rank, those that it reaches over vertices
// without such a place: next to it in a ring, everyone around a switch or a hub that serves. Ascending;
// places on one vertex are neighbours.
std::vector<std::vector<std::uint32_t>> neighbour_lists(const Topology& topology);

}  // namespace understudy
