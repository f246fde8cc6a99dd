// From a graph of a file to a topology. docs/topologies.md says what becomes of what.
#include <fmt/format.h>

#include <array>
#include <map>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/base/text.hpp"
#include "topologies/distance.hpp"
#include "topologies/file_graph.hpp"
#include "topologies/shapes.hpp"

namespace understudy {
namespace {

constexpr std::array<std::pair<std::string_view, VertexKind>, 4> kKinds = {
    {{"machine", VertexKind::kMachine},
     {"device", VertexKind::kDevice},
     {"switch", VertexKind::kSwitch},
     {"host", VertexKind::kHost}}};

class Builder {
 public:
  Builder(const FileGraph& graph, const GraphmlConfig& config)
      : graph_(graph), document_(graph.document), config_(config) {}

  Topology build() {
    require_link("topology", {config_.bandwidth, config_.latency});
    latency_key_ = edge_key(config_.latency_attribute, "latency_attribute", "latency_ms");
    bandwidth_key_ = edge_key(config_.bandwidth_attribute, "bandwidth_attribute", "LinkSpeedRaw");
    back_key_ = numeric(document_.edge_key("back_bandwidth"));
    medium_key_ = document_.edge_key("medium");
    add_vertices();
    for (const GraphmlEdge& edge : document_.edges) add_edge(edge);
    place_nodes();
    return std::move(topology_);
  }

 private:
  using Key = std::optional<std::size_t>;

  [[noreturn]] void fail(int line, const std::string& sentence) const {
    throw ScenarioError(fmt::format("{}:{}: {}", graph_.source, line, sentence));
  }

  Key numeric(Key key) const {
    if (!key || is_number(document_.keys[*key].type)) return key;
    const GraphmlKey& k = document_.keys[*key];
    fail(k.line, fmt::format("the attribute {} is of type {}, and a number is needed",
                             quote(k.name), name(k.type)));
  }

  // What the scenario asks for must be there, what it doesn't name may.
  Key edge_key(const std::string& attribute, std::string_view setting,
               std::string_view usual) const {
    if (attribute.empty()) return numeric(document_.edge_key(usual));
    if (const Key key = numeric(document_.edge_key(attribute))) return key;
    std::vector<std::string> known;
    for (const GraphmlKey& k : document_.keys) {
      if (k.of_edges && is_number(k.type)) known.push_back(k.name);
    }
    const std::string nearest = nearest_name(attribute, known);
    throw ScenarioError(fmt::format(
        "{}: {} declares no attribute {} of edges{}", setting, graph_.source, quote(attribute),
        nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  }

  template <class Owner>
  std::optional<double> number(const Owner& owner, Key key) const {
    const std::string* text = document_.value(owner, key);
    return text == nullptr ? std::nullopt : parse_number(*text);
  }

  void add_vertices() {
    const Key kind = document_.node_key("kind");
    const Key latitude = numeric(document_.node_key("Latitude"));
    const Key longitude = numeric(document_.node_key("Longitude"));
    for (std::size_t i = 0; i < document_.nodes.size(); ++i) {
      const GraphmlNode& node = document_.nodes[i];
      Vertex vertex{.name = graph_.names[i], .kind = kind_of(document_.value(node, kind))};
      vertex.at = location(i, number(node, latitude), number(node, longitude));
      topology_.add_vertex(std::move(vertex));
    }
  }

  // Other people's graphs have kinds of their own.
  static VertexKind kind_of(const std::string* text) {
    for (const auto& [name, kind] : kKinds) {
      if (text != nullptr && trim(*text) == name) return kind;
    }
    return VertexKind::kHost;
  }

  std::optional<Coordinates> location(std::size_t node, std::optional<double> latitude,
                                      std::optional<double> longitude) const {
    const int line = document_.nodes[node].line;
    const std::string who = quote(graph_.names[node]);
    if (latitude.has_value() != longitude.has_value()) {
      fail(line, fmt::format("{} has a {} and no {}", who, latitude ? "Latitude" : "Longitude",
                             latitude ? "Longitude" : "Latitude"));
    }
    if (!latitude) {
      if (config_.missing_location == MissingLocation::kRefuse)
        fail(line, fmt::format("{} has no Latitude and Longitude", who));
      return std::nullopt;
    }
    if (!(*latitude >= -90 && *latitude <= 90))
      fail(line, fmt::format("the Latitude {} of {} is not within -90 and 90", *latitude, who));
    if (!(*longitude >= -180 && *longitude <= 180))
      fail(line, fmt::format("the Longitude {} of {} is not within -180 and 180", *longitude, who));
    return Coordinates{*latitude, *longitude};
  }

  void add_edge(const GraphmlEdge& edge) {
    if (edge.source == edge.target) return;  // nothing ever crosses it
    const VertexId from{edge.source}, to{edge.target};
    const Bandwidth bandwidth = bandwidth_of(edge);
    const auto back = rate(edge, back_key_);
    if (back && edge.directed)
      fail(edge.line, "the edge has a back_bandwidth and, being directed, no way back");
    Link link{from, to, bandwidth, latency_of(edge), medium_of(edge, bandwidth)};
    if (link.medium && back && *back != bandwidth)
      fail(edge.line,
           "the edge has a medium, whose bandwidth both directions share, and another "
           "back_bandwidth");
    topology_.add_link(link);
    if (edge.directed) return;
    std::swap(link.from, link.to);
    link.bandwidth = back.value_or(bandwidth);
    topology_.add_link(link);
  }

  std::optional<Bandwidth> rate(const GraphmlEdge& edge, Key key) const {
    const auto bits_per_s = number(edge, key);
    if (!bits_per_s) return std::nullopt;
    if (*bits_per_s >= 1) return Bandwidth{*bits_per_s};
    fail(edge.line, fmt::format("the {} of an edge is at least 1 bit/s, not {}",
                                document_.keys[*key].name, *bits_per_s));
  }

  Bandwidth bandwidth_of(const GraphmlEdge& edge) const {
    // The Internet Topology Zoo has no other way to say that a speed is not known.
    const bool implicit = config_.bandwidth_attribute.empty();
    if (implicit && number(edge, bandwidth_key_) == 0.0) return config_.bandwidth;
    return rate(edge, bandwidth_key_).value_or(config_.bandwidth);
  }

  Duration latency_of(const GraphmlEdge& edge) const {
    if (const auto ms = number(edge, latency_key_)) {
      if (*ms >= 0 && *ms <= 9e9) return from_seconds(*ms / 1e3);
      fail(edge.line, fmt::format("the {} of an edge is a time in milliseconds, not {}",
                                  document_.keys[*latency_key_].name, *ms));
    }
    const auto& from = topology_.vertices()[edge.source].at;
    const auto& to = topology_.vertices()[edge.target].at;
    return from && to ? fibre_latency(distance_km(*from, *to)) : config_.latency;
  }

  // Edges with one value share one medium, and so one bandwidth.
  std::optional<MediumId> medium_of(const GraphmlEdge& edge, Bandwidth bandwidth) {
    const std::string* value = document_.value(edge, medium_key_);
    if (value == nullptr || trim(*value).empty()) return std::nullopt;
    const std::string name(trim(*value));
    if (!media_.contains(name)) media_[name] = {topology_.add_medium(), bandwidth, edge.line};
    const Medium& medium = media_[name];
    if (medium.bandwidth != bandwidth) {
      fail(edge.line,
           fmt::format("the medium {} has a bandwidth of {} here and of {} in line {}", quote(name),
                       format(bandwidth), format(medium.bandwidth), medium.line));
    }
    return medium.id;
  }

  void place_nodes() {
    const FilePlaces places = places_of(graph_, config_.place);
    std::vector<int> in_machine(places.machines.size());
    for (std::size_t rank = 0; rank < places.vertices.size(); ++rank) {
      const int machine = places.machines[rank];
      topology_.place({.vertex = VertexId{places.vertices[rank]},
                       .machine = machine,
                       .local_rank = in_machine[static_cast<std::size_t>(machine)]++,
                       .device = config_.device,
                       .serves = places.has_server && rank + 1 == places.vertices.size()});
    }
  }

  struct Medium {
    MediumId id;
    Bandwidth bandwidth;
    int line = 0;
  };
  const FileGraph& graph_;
  const GraphmlDocument& document_;
  const GraphmlConfig& config_;
  Key latency_key_, bandwidth_key_, back_key_, medium_key_;
  std::map<std::string, Medium> media_;
  Topology topology_;
};

}  // namespace

Topology make_topology(const FileGraph& graph, const GraphmlConfig& config) {
  return Builder(graph, config).build();
}

Topology make(const GraphmlConfig& config) {
  return make_topology(*load_file_graph(config.file.path), config);
}

Seating seating_of(const GraphmlConfig& config) {
  FilePlaces places = places_of(*load_file_graph(config.file.path), config.place);
  if (places.has_server) places.machines.pop_back();
  return seating_on(std::move(places.machines), places.has_server ? 1 : 0);
}

}  // namespace understudy
