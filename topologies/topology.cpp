#include "topologies/topology.hpp"

#include <fmt/format.h>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <cmath>
#include <optional>
#include <unordered_set>
#include <utility>

#include "runtime/base/errors.hpp"
#include "topologies/routes.hpp"

namespace understudy {
namespace {

std::string no_path(const Vertex& from, const Vertex& to) {
  return fmt::format("the topology is disconnected: there is no path from {} to {}", from.name,
                     to.name);
}

// Which vertices can be reached from `start`, or can reach it (backward).
std::vector<bool> reachable(std::size_t vertices, std::span<const Link> links, VertexId start,
                            bool backward) {
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;
  Graph graph(vertices);
  for (const Link& link : links) {
    const auto [tail, head] =
        backward ? std::pair{link.to, link.from} : std::pair{link.from, link.to};
    add_edge(tail.index(), head.index(), graph);
  }
  std::vector<boost::default_color_type> color(vertices, boost::white_color);
  const auto colors = make_iterator_property_map(color.begin(), get(boost::vertex_index, graph));
  boost::breadth_first_search(graph, start.index(), boost::color_map(colors));
  std::vector<bool> reached(vertices);
  for (std::size_t v = 0; v < vertices; ++v) reached[v] = color[v] != boost::white_color;
  return reached;
}

}  // namespace

struct Topology::Graph {
  // Indices, compared by name, so that no name is stored twice.
  struct HashName {
    const std::vector<Vertex>& vertices;
    std::size_t operator()(std::uint32_t v) const {
      return std::hash<std::string>{}(vertices[v].name);
    }
  };
  struct SameName {
    const std::vector<Vertex>& vertices;
    bool operator()(std::uint32_t a, std::uint32_t b) const {
      return vertices[a].name == vertices[b].name;
    }
  };
  std::vector<Vertex> vertices;
  std::unordered_set<std::uint32_t, HashName, SameName> names{16, {vertices}, {vertices}};
  std::optional<Router> router;  // of the links as they are; rebuilt after a change
};

Topology::Topology() : graph_(std::make_unique<Graph>()) {}
Topology::~Topology() = default;
Topology::Topology(Topology&&) noexcept = default;
Topology& Topology::operator=(Topology&&) noexcept = default;

VertexId Topology::add_vertex(Vertex vertex) {
  const VertexId id{graph_->vertices.size()};
  graph_->vertices.push_back(std::move(vertex));
  if (!graph_->names.insert(id.value).second) {
    const std::string name = std::move(graph_->vertices.back().name);
    graph_->vertices.pop_back();
    throw ScenarioError(fmt::format("two vertices of the topology are called '{}'", name));
  }
  graph_->router.reset();
  return id;
}

std::span<const Vertex> Topology::vertices() const { return graph_->vertices; }

LinkId Topology::add_link(const Link& link) {
  UNDERSTUDY_CHECK(link.from.index() < vertices().size() && link.to.index() < vertices().size());
  const auto name = [&] {
    return fmt::format("{}->{}", vertices()[link.from.index()].name,
                       vertices()[link.to.index()].name);
  };
  if (link.from == link.to)
    throw ScenarioError(fmt::format("link {} joins a vertex to itself", name()));
  if (!(link.bandwidth.bits_per_s > 0) || !std::isfinite(link.bandwidth.bits_per_s)) {
    throw ScenarioError(
        fmt::format("link {} has a bandwidth of {}, which must be greater than zero", name(),
                    format(link.bandwidth)));
  }
  if (link.latency < Duration::zero()) {
    throw ScenarioError(fmt::format("link {} has a latency of {}, which must not be negative",
                                    name(), format(link.latency)));
  }
  graph_->router.reset();
  links_.push_back(link);
  return LinkId{links_.size() - 1};
}

void Topology::add_cable(const Link& link) {
  add_link(link);
  add_link({link.to, link.from, link.bandwidth, link.latency, link.medium});
}

void Topology::use_routing(Routing routing) {
  if (routing != routing_) graph_->router.reset();
  routing_ = routing;
}

std::string Topology::link_name(LinkId id) const {
  const Link& link = links_.at(id.index());
  return fmt::format("{}->{}", vertices()[link.from.index()].name,
                     vertices()[link.to.index()].name);
}

std::span<const LinkId> Topology::route(VertexId from, VertexId to) const {
  if (!graph_->router) graph_->router.emplace(vertices().size(), links_, routing_);
  const auto found = graph_->router->route(from, to);
  if (!found) throw ScenarioError(no_path(vertices()[from.index()], vertices()[to.index()]));
  return *found;
}

void Topology::require_connected() const {
  if (places_.empty()) return;
  const VertexId first = places_.front().vertex;
  const std::vector<bool> from_first = reachable(vertices().size(), links_, first, false);
  const std::vector<bool> to_first = reachable(vertices().size(), links_, first, true);
  const auto at = [this](VertexId v) -> const Vertex& { return vertices()[v.index()]; };
  for (const Place& place : places_) {
    if (!from_first[place.vertex.index()])
      throw ScenarioError(no_path(at(first), at(place.vertex)));
    if (!to_first[place.vertex.index()]) throw ScenarioError(no_path(at(place.vertex), at(first)));
  }
}

}  // namespace understudy
