// Links and vertices by patterns on their names: * any text, ? one character. A link is called
// "london->paris"; "a<->b" stands for both directions.
#pragma once

#include <string_view>
#include <vector>

#include "topologies/topology.hpp"

namespace understudy {

bool matches(std::string_view pattern, std::string_view text);

// In order of id. Both throw ScenarioError, with the nearest name, where nothing matches.
std::vector<LinkId> links_like(const Topology& topology, std::string_view pattern);
std::vector<VertexId> vertices_like(const Topology& topology, std::string_view pattern);

// By its whole name. Throws alike.
VertexId vertex_called(const Topology& topology, std::string_view name);
// The links, and those that share a medium with one of them: they change together.
std::vector<LinkId> with_media(const Topology& topology, std::vector<LinkId> links);

}  // namespace understudy
