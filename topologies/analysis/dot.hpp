// A topology as a drawing, in Graphviz' language.
#pragma once

#include <cstddef>
#include <string>

#include "topologies/topology.hpp"

namespace understudy {

// For `dot -Tsvg`: the text itself says which layout. Vertices that have coordinates keep them,
// projected equirectangularly and cut open at the widest gap in longitude; the others find a place
// of their own. Shapes tell kinds, colours where nodes sit. Both directions of a cable are one line
// where they are alike, and two arrows where not; half duplex is dashed. Small drawings have labels;
// in larger ones names and rates show where the pointer rests. Throws ScenarioError for more than
// kMostDrawn vertices, or five times as many links.
std::string dot_of(const Topology& topology);

inline constexpr std::size_t kMostDrawn = 5'000;

}  // namespace understudy
