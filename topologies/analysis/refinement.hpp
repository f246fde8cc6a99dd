// Splits of a graph in two, made better step by step.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "topologies/analysis/trunks.hpp"

namespace understudy {

// Vertices of a graph, of which some, the terminals, are to be divided in two halves whose sizes
// differ by one at most. The others may stand on either side.
struct SplitProblem {
  std::size_t vertices = 0;
  std::vector<Trunk> trunks{};
  std::vector<std::uint32_t> terminals{};
};

using Sides = std::vector<std::uint8_t>;  // by vertex, 0 or 1

// The bandwidth of the links from one side to the other, in the direction that has less of it.
double crossing(std::span<const Trunk> trunks, const Sides& sides);

// The first half of the terminals in this order on one side; every other vertex, by its distance
// from them, where more bandwidth leads.
Sides split_by_order(const SplitProblem& problem, std::span<const std::uint32_t> order);

// Moves vertices one at a time, those first that cut the most, and keeps the best halves that it
// comes past; again until that helps no more (Fiduccia and Mattheyses, "A linear-time heuristic for
// improving network partitions", DAC 1982).
void refine(const SplitProblem& problem, Sides& sides);

}  // namespace understudy
