// The bandwidth between the halves of a topology's nodes, where it is divided worst.
#pragma once

#include <optional>

#include "topologies/analysis/distances.hpp"
#include "topologies/topology.hpp"

namespace understudy {

// How it is known that no halves have less.
enum class Proof {
  kNone,      // it is not: `low` is less than `high`
  kSearch,    // all halves that could have less were looked at
  kSpectrum,  // `low` is the bound that the Laplacian's second smallest eigenvalue sets
};

struct Bisection {
  Bounds<double> bits_per_s;  // `high` is that of halves which were found
  Proof proof = Proof::kNone;
};

// The least bandwidth from one half to the other over all ways to divide the vertices that carry
// nodes in two halves whose sizes differ by one at most: a minimum cut, for which all other vertices
// take the side that suits it. In the direction that has less. nullopt where nodes are on fewer than
// two vertices.
//
// To find it is NP-hard (Garey, Johnson and Stockmeyer, 1976). The upper bound is the best of three
// splits, by Fiedler's vector, by rank and depth first, each refined. It is exact where the spectral bound meets
// it, or where a search over all halves, which is cut short at halves that have more already, ends
// within bounds: up to kMaxSearched vertices with nodes.
std::optional<Bisection> bisection_of(const Topology& topology);

inline constexpr std::size_t kMaxSearched = 20;

}  // namespace understudy
