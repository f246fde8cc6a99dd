// GraphML as a plain document (Brandes, Eiglsperger, Herman, Himsolt, Marshall, "GraphML progress
// report", Graph Drawing 2001; graphml.graphdrawing.org). Strict: what it does not understand it
// refuses, and of what it understands every value has its declared type. Bounded: a file's size, its
// nodes, edges and texts; without document types or entities, so that nothing in it can grow.
//
// Left out of GraphML: nested graphs, hyperedges, ports, and data that are more than text. `integer`
// is taken for int, as two of the Internet Topology Zoo's graphs write it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

inline constexpr std::size_t kMaxGraphmlBytes = 32 << 20;
inline constexpr std::size_t kMaxGraphmlNodes = 100'000;
inline constexpr std::size_t kMaxGraphmlEdges = 1'000'000;
inline constexpr std::size_t kMaxGraphmlKeys = 1'000;
inline constexpr std::size_t kMaxGraphmlText = 65'536;  // of one attribute

enum class GraphmlType { kBoolean, kInt, kLong, kFloat, kDouble, kString };
std::string_view name(GraphmlType type);
bool is_number(GraphmlType type);

// A declared attribute.
struct GraphmlKey {
  std::string name;
  GraphmlType type = GraphmlType::kString;
  bool of_nodes = false, of_edges = false;
  std::optional<std::string> fallback{};  // the value of elements that give none
  int line = 0;
};
struct GraphmlAttribute {
  std::size_t key = 0;
  std::string text;  // reads as the key's type; numbers are finite
};
struct GraphmlNode {
  std::string id;  // unique
  std::vector<GraphmlAttribute> attributes{};
  int line = 0;
};
struct GraphmlEdge {
  std::size_t source = 0, target = 0;  // nodes
  bool directed = false;
  std::vector<GraphmlAttribute> attributes{};
  int line = 0;
};

struct GraphmlDocument {
  bool directed = false;  // what edges are that don't say
  std::vector<GraphmlKey> keys;
  std::vector<GraphmlNode> nodes;  // as in the file, and edges too
  std::vector<GraphmlEdge> edges;

  // By the attribute's name; nullopt where none is declared.
  std::optional<std::size_t> node_key(std::string_view name) const;
  std::optional<std::size_t> edge_key(std::string_view name) const;
  // The value or else the key's default; null where there is neither, or no key.
  const std::string* value(const GraphmlNode& node, std::optional<std::size_t> key) const;
  const std::string* value(const GraphmlEdge& edge, std::optional<std::size_t> key) const;
};

// Throws ScenarioError, "SOURCE:LINE: sentence".
GraphmlDocument parse_graphml(std::string_view text, const std::string& source);

}  // namespace understudy
