#include "runtime/strategies/gossip_graphs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runtime/base/errors.hpp"
#include "runtime/base/text.hpp"

namespace understudy {
namespace {

using Lists = std::vector<std::vector<std::uint32_t>>;

struct Edge {
  std::size_t from = 0, to = 0;
  bool directed = false;
};

std::optional<Edge> parse_edge(std::string_view text) {
  const auto middle = text.find_first_of("->");
  if (middle == text.npos) return std::nullopt;
  const auto from = parse_whole(text.substr(0, middle));
  const auto to = parse_whole(text.substr(middle + 1));
  if (!from || !to) return std::nullopt;
  return Edge{static_cast<std::size_t>(*from), static_cast<std::size_t>(*to), text[middle] == '>'};
}

GossipGraph graph_of(Lists from) {
  Lists to(from.size());
  for (std::uint32_t i = 0; i < from.size(); ++i) {
    auto& heard = from[i];
    std::sort(heard.begin(), heard.end());
    heard.erase(std::unique(heard.begin(), heard.end()), heard.end());
    for (const std::uint32_t j : heard) to[j].push_back(i);
  }
  if (to == from) {
    const NeighbourLists both(std::move(from));
    return {both, both};
  }
  return {std::move(from), std::move(to)};
}

// Node i hears from node i + distance.
Lists shifted(std::size_t nodes, std::size_t distance) {
  Lists from(nodes);
  for (std::size_t i = 0; i < nodes; ++i)
    from[i].push_back(static_cast<std::uint32_t>((i + distance) % nodes));
  return from;
}

class GraphMaker {
 public:
  GraphMaker(std::size_t nodes, const NeighbourLists& topology)
      : nodes_(nodes), topology_(topology) {}

  void add(const TopologyGraph&) { graphs.push_back({topology_, topology_}); }
  void add(const RingGraph&) {
    Lists from(nodes_);
    for (std::size_t i = 0; i < nodes_ && nodes_ > 1; ++i) {
      from[i] = {static_cast<std::uint32_t>((i + 1) % nodes_),
                 static_cast<std::uint32_t>((i + nodes_ - 1) % nodes_)};
    }
    graphs.push_back(graph_of(std::move(from)));
  }
  void add(const CompleteGraph&) {
    Lists from(nodes_);
    for (std::uint32_t i = 0; i < nodes_; ++i) {
      for (std::uint32_t j = 0; j < nodes_; ++j) {
        if (i != j) from[i].push_back(j);
      }
    }
    graphs.push_back(graph_of(std::move(from)));
  }
  void add(const EdgesGraph& graph) {
    Lists from(nodes_);
    for (const std::string& text : graph.edges) {
      const auto edge = parse_edge(text);
      UNDERSTUDY_CHECK(edge && edge->from < nodes_ && edge->to < nodes_);
      from[edge->to].push_back(static_cast<std::uint32_t>(edge->from));
      if (!edge->directed) from[edge->from].push_back(static_cast<std::uint32_t>(edge->to));
    }
    graphs.push_back(graph_of(std::move(from)));
  }
  void add(const OnePeerExponentialGraph&) {
    if (nodes_ == 1) return graphs.push_back(graph_of(Lists(1)));
    for (std::size_t distance = 1; distance < nodes_; distance *= 2)
      graphs.push_back(graph_of(shifted(nodes_, distance)));
  }

  std::vector<GossipGraph> graphs;

 private:
  std::size_t nodes_;
  const NeighbourLists& topology_;
};

}  // namespace

std::vector<GossipGraph> gossip_graphs(const std::vector<GraphConfig>& graphs, std::size_t nodes,
                                       const NeighbourLists& topology) {
  GraphMaker maker(nodes, topology);
  if (graphs.empty()) maker.add(TopologyGraph{});
  for (const GraphConfig& graph : graphs)
    std::visit([&](const auto& config) { maker.add(config); }, graph);
  return std::move(maker.graphs);
}

std::optional<std::string> edges_problem(const EdgesGraph& graph, std::size_t nodes) {
  std::set<std::pair<std::size_t, std::size_t>> seen;
  for (const std::string& text : graph.edges) {
    const auto edge = parse_edge(text);
    if (!edge) {
      return fmt::format("{} is no edge such as '0-1', in both directions, or '0>1', from 0 to 1",
                         quote(text));
    }
    if (std::max(edge->from, edge->to) >= nodes) {
      return fmt::format(
          "the edge {} has an end at a node that isn't there: there are {}, from 0 on", quote(text),
          nodes);
    }
    if (edge->from == edge->to)
      return fmt::format("the edge {} leads from a node to itself", quote(text));
    const bool is_new = seen.emplace(edge->from, edge->to).second;
    const bool back_is_new = edge->directed || seen.emplace(edge->to, edge->from).second;
    if (!is_new || !back_is_new) return fmt::format("the edge {} is there twice", quote(text));
  }
  return std::nullopt;
}

bool has_directions(const GraphConfig& graph) {
  if (std::holds_alternative<OnePeerExponentialGraph>(graph)) return true;
  const auto* edges = std::get_if<EdgesGraph>(&graph);
  if (edges == nullptr) return false;
  return std::any_of(edges->edges.begin(), edges->edges.end(),
                     [](const std::string& edge) { return edge.find('>') != edge.npos; });
}

}  // namespace understudy
