// Topologies from files as a scenario states them.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/file_path.hpp"
#include "topologies/regular_config.hpp"

namespace understudy {

// Which vertices of a file's graph nodes sit on.
enum class Ranks { kRoundRobin, kExplicit, kByAttribute };
struct PlaceConfig {
  Ranks ranks = Ranks::kRoundRobin;
  int nodes = 0;                        // 0: one for each vertex that comes into question
  std::vector<std::string> vertices{};  // explicit: rank i sits on vertices[i], modulo their number
  std::string attribute{};              // by_attribute: vertices that have it ...
  std::string value{};                  // ... with this value; empty: any
  std::string server{};                 // a vertex with one more node, which serves; empty: none
};

enum class MissingLocation {
  kDefault,  // links with an end that has no place take the default latency
  kRefuse
};
// A graph from a GraphML file, such as the Internet Topology Zoo's. An edge's latency, where it has
// none, is that of light in glass between the coordinates of its ends. docs/topologies.md says what
// becomes of nodes, edges and their attributes.
struct GraphmlConfig {
  FilePath file{};
  std::string latency_attribute{};    // of edges, in milliseconds; latency_ms where empty
  std::string bandwidth_attribute{};  // of edges, in bit/s; LinkSpeedRaw where empty
  Duration latency{std::chrono::milliseconds{1}};  // where nothing else says one
  Bandwidth bandwidth{1e9};                        // where nothing else says one
  MissingLocation missing_location = MissingLocation::kDefault;
  PlaceConfig place{};
  std::string device{};
};

// Regions from a CSV matrix of round-trip times: a header of names, then a row for each region: its
// name and the times in milliseconds. Every region's router is linked directly with every other's by
// half the round trip; its nodes hang on it by `local`.
struct LatencyMatrixConfig {
  FilePath file{};
  Bandwidth bandwidth{1e9};  // between regions
  int nodes_per_region = 1;
  LinkConfig local{Bandwidth{10e9}, std::chrono::microseconds{50}};
  std::string device{};
};

}  // namespace understudy
