// A graph from a GraphML file as topologies see it: its nodes under the names of vertices.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "topologies/graphml.hpp"
#include "topologies/topology.hpp"
#include "topologies/topology_config.hpp"

namespace understudy {

struct FileGraph {
  std::string source;  // the file's name in messages
  GraphmlDocument document;
  std::vector<std::string> names{};  // of the vertices, by node; unique
  std::unordered_map<std::string, std::size_t> by_name{};
};

// A vertex is called as its node's `label`, or its id where it has none; where several would be
// called the same, each has "#id" after it. Throws ScenarioError.
FileGraph parse_file_graph(std::string_view text, const std::string& source);
// Cached.
std::shared_ptr<const FileGraph> load_file_graph(const std::string& path);

// Which vertex each rank sits on. Machines are numbered in order of first use: vertices with one
// value of the attribute `machine` are one, any other is one by itself.
struct FilePlaces {
  std::vector<std::size_t> vertices;  // by rank
  std::vector<int> machines;          // by rank
  bool has_server = false;            // the last rank only serves
};
// Throws ScenarioError for places that the graph lacks.
FilePlaces places_of(const FileGraph& graph, const PlaceConfig& config);

Topology make_topology(const FileGraph& graph, const GraphmlConfig& config);

}  // namespace understudy
