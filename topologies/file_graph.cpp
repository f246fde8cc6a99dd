#include "topologies/file_graph.hpp"

#include <fmt/format.h>

#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/base/text.hpp"
#include "topologies/file_cache.hpp"
#include "topologies/shapes.hpp"

namespace understudy {
namespace {

constexpr std::size_t kMaxNameBytes = 200;

std::string base_name(const FileGraph& graph, const GraphmlNode& node,
                      std::optional<std::size_t> label_key) {
  const std::string* label = graph.document.value(node, label_key);
  std::string name = label == nullptr ? "" : vertex_name(*label);
  if (name.empty()) name = vertex_name(node.id);
  if (name.size() > kMaxNameBytes) {
    throw ScenarioError(fmt::format("{}:{}: the label of node {} has more than {} bytes",
                                    graph.source, node.line, quote(node.id), kMaxNameBytes));
  }
  return name;
}

void name_vertices(FileGraph& graph) {
  const auto label = graph.document.node_key("label");
  std::vector<std::string> bases;
  std::unordered_map<std::string, int> uses;
  for (const GraphmlNode& node : graph.document.nodes) {
    bases.push_back(base_name(graph, node, label));
    ++uses[bases.back()];
  }
  for (std::size_t i = 0; i < bases.size(); ++i) {
    const std::string suffix = "#" + vertex_name(graph.document.nodes[i].id);
    std::string name = bases[i];
    if (uses[name] > 1) name += suffix;
    // A label may look like the name that another one was given.
    while (!graph.by_name.emplace(name, i).second) name += suffix;
    graph.names.push_back(std::move(name));
  }
}

}  // namespace

FileGraph parse_file_graph(std::string_view text, const std::string& source) {
  FileGraph graph{.source = source, .document = parse_graphml(text, source)};
  name_vertices(graph);
  return graph;
}

std::shared_ptr<const FileGraph> load_file_graph(const std::string& path) {
  static FileCache<FileGraph> cache(parse_file_graph, kMaxGraphmlBytes);
  return cache.get(path);
}

}  // namespace understudy
