#include "topologies/routes.hpp"

#include <algorithm>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/graph/reverse_graph.hpp>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace understudy {
namespace {

// The length of a path: what the policy minimises, and what breaks ties. Hops are one of the two, so
// every link's length is positive.
struct Length {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t second = 0;
  constexpr auto operator<=>(const Length&) const = default;
};
constexpr Length kUnreachable{};

Length length_of(const Link& link, Routing routing) {
  if (routing == Routing::kFewestHops) return {1, link.latency.count()};
  return {link.latency.count(), 1};
}

// A path that takes longer than the clock can count is none.
struct Join {
  Length operator()(const Length& a, const Length& b) const {
    Length sum;
    if (__builtin_add_overflow(a.first, b.first, &sum.first) ||
        __builtin_add_overflow(a.second, b.second, &sum.second))
      return kUnreachable;
    return sum;
  }
};

struct CoreEdge {
  std::uint32_t link = 0;
  Length length;
};
using CoreGraph =
    boost::compressed_sparse_row_graph<boost::bidirectionalS, boost::no_property, CoreEdge,
                                       boost::no_property, std::uint32_t, std::uint32_t>;
using CoreVertex = boost::graph_traits<CoreGraph>::vertex_descriptor;

// Enough for all destinations of a few thousand core vertices; beyond it, what is needed again is
// recomputed.
constexpr std::size_t kMaxKeptLengths = 4'000'000;

}  // namespace

// The core with compact vertex numbers, and the lengths to those destinations that were asked for.
struct Router::Core {
  std::vector<std::uint32_t> number;  // by vertex of the topology
  CoreGraph graph;
  std::unordered_map<CoreVertex, std::vector<Length>> lengths_to;

  const std::vector<Length>& lengths(CoreVertex to);
  std::optional<std::uint32_t> direct_link(CoreVertex from, CoreVertex to) const;
  bool append_path(CoreVertex from, CoreVertex to, std::vector<LinkId>& path);
};

const std::vector<Length>& Router::Core::lengths(CoreVertex to) {
  const std::size_t size = num_vertices(graph);
  if (const auto known = lengths_to.find(to); known != lengths_to.end()) return known->second;
  if ((lengths_to.size() + 1) * size > kMaxKeptLengths) lengths_to.clear();
  std::vector<Length>& lengths = lengths_to[to];
  lengths.resize(size);
  const auto backward = boost::make_reverse_graph(graph);
  boost::dijkstra_shortest_paths(backward, to,
                                 boost::weight_map(get(&CoreEdge::length, backward))
                                     .distance_map(make_iterator_property_map(
                                         lengths.begin(), get(boost::vertex_index, graph)))
                                     .distance_combine(Join{})
                                     .distance_inf(kUnreachable)
                                     .distance_zero(Length{0, 0}));
  return lengths;
}

// The direct link where nothing can beat it, that is where no way out of `from` is shorter in what
// the policy minimises: the routes of a mesh, and all between neighbours where links are alike or
// hops count, without Dijkstra over all links.
std::optional<std::uint32_t> Router::Core::direct_link(CoreVertex from, CoreVertex to) const {
  const CoreEdge* direct = nullptr;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  const auto [first, last] = out_edges(from, graph);
  for (auto edge = first; edge != last; ++edge) {
    const CoreEdge& way = graph[*edge];
    least = std::min(least, way.length.first);
    if (target(*edge, graph) != to) continue;
    if (direct == nullptr ||
        std::tie(way.length, way.link) < std::tie(direct->length, direct->link))
      direct = &way;
  }
  if (direct == nullptr || direct->length.first > least) return std::nullopt;
  return direct->link;
}

// Walks along the lengths to the destination, at each vertex by the lowest link that is on a
// shortest path.
bool Router::Core::append_path(CoreVertex from, CoreVertex to, std::vector<LinkId>& path) {
  if (from == to) return true;
  if (const auto link = direct_link(from, to)) {
    path.push_back(LinkId{*link});
    return true;
  }
  const std::vector<Length>& left = lengths(to);
  if (left[from] == kUnreachable) return false;
  for (CoreVertex at = from; at != to;) {
    std::uint32_t best = kNone;
    CoreVertex next = at;
    const auto [first, last] = out_edges(at, graph);
    for (auto edge = first; edge != last; ++edge) {
      const CoreEdge& way = graph[*edge];
      if (way.link < best && Join{}(way.length, left[target(*edge, graph)]) == left[at]) {
        best = way.link;
        next = target(*edge, graph);
      }
    }
    path.push_back(LinkId{best});
    at = next;
  }
  return true;
}

Router::Router(std::size_t vertices, std::span<const Link> links, Routing routing)
    : links_(links), hanging_(vertices), core_(std::make_unique<Core>()), from_(vertices) {
  peel(links);
  find_cables(links);
  std::uint32_t size = 0;
  core_->number.assign(vertices, kNone);
  for (std::size_t v = 0; v < vertices; ++v) {
    if (hanging_[v].parent == kNone) core_->number[v] = size++;
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ends;
  std::vector<CoreEdge> edges;
  for (std::size_t i = 0; i < links.size(); ++i) {
    const std::uint32_t from = core_->number[links[i].from.index()],
                        to = core_->number[links[i].to.index()];
    if (from == kNone || to == kNone) continue;
    ends.emplace_back(from, to);
    edges.push_back({static_cast<std::uint32_t>(i), length_of(links[i], routing)});
  }
  core_->graph = CoreGraph(boost::edges_are_unsorted_multi_pass, ends.begin(), ends.end(),
                           edges.begin(), size);
}

Router::~Router() = default;

// Takes away vertices with one neighbour left until there are none. Of a vertex with one neighbour
// left, the xor of all its remaining neighbours' numbers is that neighbour: no lists are needed.
void Router::peel(std::span<const Link> links) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  pairs.reserve(links.size());
  for (const Link& link : links) pairs.push_back(std::minmax(link.from.value, link.to.value));
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  std::vector<std::uint32_t> neighbours(hanging_.size(), 0), mix(hanging_.size(), 0);
  for (const auto& [a, b] : pairs) {
    ++neighbours[a], ++neighbours[b];
    mix[a] ^= b, mix[b] ^= a;
  }
  std::vector<std::uint32_t> order;  // also the queue of those to take
  for (std::uint32_t v = 0; v < hanging_.size(); ++v) {
    if (neighbours[v] == 1) order.push_back(v);
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::uint32_t v = order[i], parent = mix[v];
    if (neighbours[v] != 1) continue;  // its last neighbour was taken before it
    hanging_[v].parent = parent;
    mix[parent] ^= v;
    if (--neighbours[parent] == 1) order.push_back(parent);
  }
  for (std::size_t i = order.size(); i-- > 0;) {  // parents were taken after their children
    Hanging& at = hanging_[order[i]];
    if (at.parent != kNone) at.depth = hanging_[at.parent].depth + 1;
  }
}

bool Router::better(LinkId link, LinkId than) const {  // asked in order of ids
  return than.value == kNone || links_[link.index()].latency < links_[than.index()].latency;
}

// Of parallel cables the one of least latency, whatever the policy: each is one hop.
void Router::find_cables(std::span<const Link> links) {
  for (std::size_t i = 0; i < links.size(); ++i) {
    const LinkId link{i};
    Hanging& from = hanging_[links[i].from.index()];
    Hanging& to = hanging_[links[i].to.index()];
    if (from.parent == links[i].to.value && better(link, from.up)) from.up = link;
    if (to.parent == links[i].from.value && better(link, to.down)) to.down = link;
  }
}

// The one link of a route between a hanging vertex and where it hangs, null for other routes.
const LinkId* Router::cable(std::uint32_t from, std::uint32_t to) const {
  const Hanging& a = hanging_[from];
  const Hanging& b = hanging_[to];
  if (a.parent == to && a.up.value != kNone) return &a.up;
  if (b.parent == from && b.down.value != kNone) return &b.down;
  return nullptr;
}

// Climbs from both ends to where they meet or to the core, and crosses the core.
bool Router::compute(std::uint32_t from, std::uint32_t to) {
  path_.clear();
  descent_.clear();
  while (from != to) {
    const Hanging& a = hanging_[from];
    const Hanging& b = hanging_[to];
    if (a.depth == 0 && b.depth == 0) break;
    if (a.depth >= b.depth) {
      if (a.up.value == kNone) return false;
      path_.push_back(a.up);
      from = a.parent;
    } else {
      if (b.down.value == kNone) return false;
      descent_.push_back(b.down);
      to = b.parent;
    }
  }
  if (from != to && !core_->append_path(core_->number[from], core_->number[to], path_))
    return false;
  path_.insert(path_.end(), descent_.rbegin(), descent_.rend());
  return true;
}

std::span<const LinkId> Router::keep(std::span<const LinkId> path) {
  if (path.empty()) return {};
  auto* kept = static_cast<LinkId*>(memory_.allocate(path.size_bytes(), alignof(LinkId)));
  std::uninitialized_copy(path.begin(), path.end(), kept);
  return {kept, path.size()};
}

std::optional<std::span<const LinkId>> Router::route(VertexId from, VertexId to) {
  // These lie ready, two for each hanging vertex, and need no memory of their own.
  if (const LinkId* link = cable(from.value, to.value)) return std::span(link, 1);
  RoutesFrom& source = from_[from.index()];
  if (2 * source.count >= source.known.size()) make_room(source.known);
  Known& known = place_of(source.known, to.value);
  if (known.to == kNone) {
    if (!compute(from.value, to.value)) return std::nullopt;
    const std::span<const LinkId> links = keep(path_);
    known = {to.value, static_cast<std::uint32_t>(links.size()), links.data()};
    ++source.count;
  }
  return std::span(known.links, known.hops);
}

// Where the route is, or can be put.
Router::Known& Router::place_of(std::vector<Known>& known, std::uint32_t to) {
  const std::size_t mask = known.size() - 1;
  std::size_t i = to & mask;
  while (known[i].to != to && known[i].to != kNone) i = (i + 1) & mask;
  return known[i];
}

void Router::make_room(std::vector<Known>& known) {
  const std::vector<Known> old = std::move(known);
  known.assign(std::max<std::size_t>(2, 2 * old.size()), {});
  for (const Known& one : old) {
    if (one.to != kNone) place_of(known, one.to) = one;
  }
}

}  // namespace understudy
