#include "topologies/analysis/distances.hpp"

#include <algorithm>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/graph/reverse_graph.hpp>
#include <boost/graph/strong_components.hpp>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "runtime/base/random.hpp"
#include "topologies/analysis/trunks.hpp"

namespace understudy {
namespace {

// Vertices and links that a search from every vertex may pass in all: about a second.
constexpr std::size_t kMaxSteps = 60'000'000;
// And where it may not, those from some.
constexpr std::size_t kMaxSampledSteps = 15'000'000;
constexpr std::size_t kMinSources = 8;

// A path's length by one measure, then by the other where that ties.
struct Length {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t second = std::numeric_limits<std::int64_t>::max();
  constexpr auto operator<=>(const Length&) const = default;
};

struct Join {
  static std::int64_t sum(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
  }
  Length operator()(const Length& a, const Length& b) const {
    return {sum(a.first, b.first), sum(a.second, b.second)};
  }
};

struct Edge {
  Length by_hops, by_latency;
};
using Graph = boost::compressed_sparse_row_graph<boost::bidirectionalS, boost::no_property, Edge,
                                                 boost::no_property, std::uint32_t, std::uint32_t>;
using Measure = Length Edge::*;

Graph graph_of(const Topology& topology) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ends;
  std::vector<Edge> edges;
  for (const Link& link : topology.links()) {
    ends.emplace_back(link.from.value, link.to.value);
    edges.push_back({{1, link.latency.count()}, {link.latency.count(), 1}});
  }
  return {boost::edges_are_unsorted_multi_pass, ends.begin(), ends.end(), edges.begin(),
          static_cast<std::uint32_t>(topology.vertices().size())};
}

template <class G>
std::vector<Length> lengths_in(const G& graph, std::uint32_t source, Measure measure) {
  std::vector<Length> lengths(num_vertices(graph));
  boost::dijkstra_shortest_paths(graph, source,
                                 boost::weight_map(get(measure, graph))
                                     .distance_map(make_iterator_property_map(
                                         lengths.begin(), get(boost::vertex_index, graph)))
                                     .distance_combine(Join{})
                                     .distance_inf(Length{})
                                     .distance_zero(Length{0, 0}));
  return lengths;
}

std::uint32_t farthest(const std::vector<Length>& lengths) {
  return static_cast<std::uint32_t>(std::max_element(lengths.begin(), lengths.end()) -
                                    lengths.begin());
}

std::uint32_t best_connected(const Graph& graph) {
  std::uint32_t best = 0;
  for (std::uint32_t v = 1; v < num_vertices(graph); ++v) {
    if (out_degree(v, graph) > out_degree(best, graph)) best = v;
  }
  return best;
}

Bounds<std::int64_t> swept_diameter(const Graph& graph, Measure measure, std::size_t sweeps) {
  const auto backward = boost::make_reverse_graph(graph);
  Bounds<std::int64_t> diameter{0, std::numeric_limits<std::int64_t>::max()};
  std::vector<bool> swept(num_vertices(graph));
  std::uint32_t at = best_connected(graph);
  for (std::size_t i = 0; i < sweeps && !swept[at] && !diameter.exact(); ++i) {
    swept[at] = true;
    const std::vector<Length> from = lengths_in(graph, at, measure);
    const std::vector<Length> to = lengths_in(backward, at, measure);
    const std::uint32_t out = farthest(from), in = farthest(to);
    diameter.low = std::max({diameter.low, from[out].first, to[in].first});
    diameter.high = std::min(diameter.high, Join::sum(from[out].first, to[in].first));
    at = from[out] >= to[in] && !swept[out] ? out : in;
  }
  return diameter;
}

// A random choice of ranks, the first `count` of a shuffle (Fisher and Yates).
std::vector<std::size_t> sample(std::size_t count, std::size_t of) {
  std::vector<std::size_t> chosen(of);
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  RandomStream random({.purpose = Purpose::kTopology});
  for (std::size_t i = 0; i < count; ++i) std::swap(chosen[i], chosen[i + random.below(of - i)]);
  chosen.resize(count);
  return chosen;
}

// Sums over sources, in picoseconds: what is added may exceed an int64.
class RouteMean {
 public:
  RouteMean(const Topology& topology, std::vector<int> nodes)
      : by_latency_(topology.routing() == Routing::kShortestLatency), nodes_(std::move(nodes)) {
    for (std::uint32_t v = 0; v < nodes_.size(); ++v) {
      for (int n = 0; n < nodes_[v]; ++n) vertex_of_.push_back(v);
    }
  }
  Measure measure() const { return by_latency_ ? &Edge::by_latency : &Edge::by_hops; }
  std::size_t nodes() const { return vertex_of_.size(); }
  int nodes_on(std::uint32_t vertex) const { return nodes_[vertex]; }
  std::uint32_t vertex_of(std::size_t node) const { return vertex_of_[node]; }

  void add(const std::vector<Length>& lengths, int sources) {
    double sum = 0;
    for (std::size_t v = 0; v < nodes_.size(); ++v) {
      const std::int64_t latency = by_latency_ ? lengths[v].first : lengths[v].second;
      sum += static_cast<double>(latency) * nodes_[v];
    }
    sum_ += sum * sources;
    sources_ += static_cast<std::size_t>(sources);
  }
  void finish(Distances& distances) const {
    const double pairs = static_cast<double>(sources_) * (static_cast<double>(nodes()) - 1);
    if (pairs > 0) distances.mean_route_latency = from_seconds(sum_ / pairs / 1e12);
    distances.sources = sources_;
    distances.nodes = nodes();
  }

 private:
  bool by_latency_;
  std::vector<int> nodes_;  // by vertex
  std::vector<std::uint32_t> vertex_of_;
  double sum_ = 0;
  std::size_t sources_ = 0;
};

void search_everywhere(const Graph& graph, RouteMean& mean, Distances& distances) {
  for (std::uint32_t v = 0; v < num_vertices(graph); ++v) {
    const std::vector<Length> hops = lengths_in(graph, v, &Edge::by_hops);
    const std::vector<Length> latency = lengths_in(graph, v, &Edge::by_latency);
    distances.hops.low = std::max(distances.hops.low, hops[farthest(hops)].first);
    distances.latency.low =
        std::max(distances.latency.low, Duration{latency[farthest(latency)].first});
    if (mean.nodes_on(v) > 0)
      mean.add(mean.measure() == &Edge::by_hops ? hops : latency, mean.nodes_on(v));
  }
  distances.hops.high = distances.hops.low;
  distances.latency.high = distances.latency.low;
}

void search_from_some(const Graph& graph, std::size_t sources, RouteMean& mean,
                      Distances& distances) {
  distances.hops = swept_diameter(graph, &Edge::by_hops, sources / 4);
  const auto latency = swept_diameter(graph, &Edge::by_latency, sources / 4);
  distances.latency = {Duration{latency.low}, Duration{latency.high}};
  for (const std::size_t node : sample(std::min(sources, mean.nodes()), mean.nodes()))
    mean.add(lengths_in(graph, mean.vertex_of(node), mean.measure()), 1);
}

}  // namespace

std::size_t strong_components(const Topology& topology) {
  if (topology.vertices().empty()) return 0;
  const Graph graph = graph_of(topology);
  std::vector<std::uint32_t> component(num_vertices(graph));
  return boost::strong_components(
      graph, make_iterator_property_map(component.begin(), get(boost::vertex_index, graph)));
}

Distances distances_of(const Topology& topology) {
  const Graph graph = graph_of(topology);
  RouteMean mean(topology, nodes_on_vertices(topology));
  Distances distances;
  const std::size_t vertices = num_vertices(graph);
  const std::size_t steps = vertices + num_edges(graph);  // of one search
  if (vertices <= kMaxSteps / std::max<std::size_t>(steps, 1)) {
    search_everywhere(graph, mean, distances);
  } else {
    search_from_some(graph, std::max(kMaxSampledSteps / steps, kMinSources), mean, distances);
  }
  mean.finish(distances);
  return distances;
}

}  // namespace understudy
