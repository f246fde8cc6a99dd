// Where nodes sit on a graph from a file.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/base/text.hpp"
#include "topologies/file_graph.hpp"
#include "topologies/shapes.hpp"

namespace understudy {
namespace {

template <class Names>
std::string suggestion(std::string_view word, const Names& names) {
  const std::string nearest = nearest_name(word, names);
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

std::size_t vertex_called(const FileGraph& graph, const std::string& name, std::string_view key) {
  if (const auto found = graph.by_name.find(vertex_name(name)); found != graph.by_name.end())
    return found->second;
  throw ScenarioError(fmt::format("{}: {} has no vertex {}{}", key, graph.source, quote(name),
                                  suggestion(name, graph.names)));
}

std::vector<std::size_t> all_vertices(const FileGraph& graph) {
  std::vector<std::size_t> vertices;
  for (std::size_t i = 0; i < graph.names.size(); ++i) vertices.push_back(i);
  if (vertices.empty()) throw ScenarioError(fmt::format("{}: has no nodes", graph.source));
  return vertices;
}

std::vector<std::size_t> named_vertices(const FileGraph& graph, const PlaceConfig& config) {
  std::vector<std::size_t> vertices;
  for (std::size_t i = 0; i < config.vertices.size(); ++i) {
    vertices.push_back(
        vertex_called(graph, config.vertices[i], fmt::format("place.vertices[{}]", i)));
  }
  return vertices;
}

std::vector<std::size_t> vertices_with(const FileGraph& graph, const PlaceConfig& config) {
  const GraphmlDocument& document = graph.document;
  const auto key = document.node_key(config.attribute);
  if (!key) {
    std::vector<std::string> known;
    for (const GraphmlKey& k : document.keys) {
      if (k.of_nodes) known.push_back(k.name);
    }
    throw ScenarioError(fmt::format("place.attribute: {} declares no attribute {} of nodes{}",
                                    graph.source, quote(config.attribute),
                                    suggestion(config.attribute, known)));
  }
  std::vector<std::size_t> vertices;
  std::set<std::string> values;
  for (std::size_t i = 0; i < document.nodes.size(); ++i) {
    const std::string* value = document.value(document.nodes[i], key);
    if (value == nullptr) continue;
    values.emplace(trim(*value));
    if (config.value.empty() || trim(*value) == config.value) vertices.push_back(i);
  }
  if (!vertices.empty()) return vertices;
  throw ScenarioError(fmt::format(
      "place.value: no node of {} has the attribute {}{}{}", graph.source, quote(config.attribute),
      config.value.empty() ? "" : " with the value " + quote(config.value),
      suggestion(config.value, values)));
}

std::vector<std::size_t> candidates(const FileGraph& graph, const PlaceConfig& config) {
  switch (config.ranks) {
    case Ranks::kRoundRobin:
      return all_vertices(graph);
    case Ranks::kExplicit:
      return named_vertices(graph, config);
    case Ranks::kByAttribute:
      return vertices_with(graph, config);
  }
  return {};
}

std::vector<int> machines_of(const FileGraph& graph, const std::vector<std::size_t>& vertices) {
  const auto key = graph.document.node_key("machine");
  std::map<std::string, int> by_value;
  std::map<std::size_t, int> by_vertex;
  std::vector<int> machines;
  int count = 0;
  for (const std::size_t vertex : vertices) {
    const std::string* value = graph.document.value(graph.document.nodes[vertex], key);
    int& machine = value != nullptr && !trim(*value).empty()
                       ? by_value.emplace(trim(*value), -1).first->second
                       : by_vertex.emplace(vertex, -1).first->second;
    if (machine < 0) machine = count++;
    machines.push_back(machine);
  }
  return machines;
}

}  // namespace

FilePlaces places_of(const FileGraph& graph, const PlaceConfig& config) {
  const std::vector<std::size_t> on = candidates(graph, config);
  UNDERSTUDY_CHECK(!on.empty());  // misfit() asks for them
  const std::size_t nodes =
      config.nodes == 0 ? on.size() : static_cast<std::size_t>(std::max(config.nodes, 0));
  if (nodes == 0 || nodes > 2'000'000)
    throw ScenarioError(fmt::format("place.nodes: {} is no number of nodes", config.nodes));
  FilePlaces places;
  for (std::size_t rank = 0; rank < nodes; ++rank) places.vertices.push_back(on[rank % on.size()]);
  if (!config.server.empty()) {
    places.vertices.push_back(vertex_called(graph, config.server, "place.server"));
    places.has_server = true;
  }
  places.machines = machines_of(graph, places.vertices);
  return places;
}

}  // namespace understudy
