// Random graphs. Each is drawn again until it is connected, a bounded number of times; the draws are
// keyed by the seed and the number of the try, so that equal configs give equal graphs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/base/random.hpp"
#include "topologies/shapes.hpp"

namespace understudy {
namespace {

constexpr std::uint32_t kTries = 100;

using Node = std::uint32_t;
using Edges = std::vector<std::pair<Node, Node>>;

// Union-find with path halving (Tarjan and van Leeuwen, J. ACM 31, 1984).
bool is_connected(std::size_t nodes, const Edges& edges) {
  std::vector<Node> parent(nodes);
  std::iota(parent.begin(), parent.end(), 0);
  const auto root = [&](Node v) {
    while (parent[v] != v) v = parent[v] = parent[parent[v]];
    return v;
  };
  std::size_t parts = nodes;
  for (const auto& [a, b] : edges) {
    const Node from = root(a), to = root(b);
    if (from == to) continue;
    parent[from] = to;
    --parts;
  }
  return parts == 1;
}

// draw(random) gives edges, or nullopt where it got stuck.
template <class Config, class Draw>
Edges draw_connected(const Config& config, std::string_view graph, std::string_view advice,
                     Draw draw) {
  for (std::uint32_t i = 0; i < kTries; ++i) {
    RandomStream random({.seed = config.seed, .purpose = Purpose::kTopology, .round = i});
    std::optional<Edges> edges = draw(random);
    if (edges && is_connected(static_cast<std::size_t>(config.nodes), *edges)) return *edges;
  }
  throw ScenarioError(
      fmt::format("none of {} draws of {} was connected; {}", kTries, graph, advice));
}

template <class Config>
void require_common(std::string_view shape, const Config& config, double links) {
  require_positive(shape, "nodes", config.nodes);
  require_link(fmt::format("a {}", shape), {config.bandwidth, config.latency});
  require_size(shape, config.nodes, static_cast<std::int64_t>(links));
}

template <class Config>
Topology alike(const Config& config, const Edges& edges) {
  Topology topology;
  const auto nodes = add_nodes(topology, config.nodes, config.device);
  for (const auto& [a, b] : edges)
    topology.add_cable({nodes[a], nodes[b], config.bandwidth, config.latency});
  return topology;
}

double pairs(int nodes) { return 0.5 * nodes * (nodes - 1.0); }

// All nodes in a circle, in random order: every connected graph of degree 2 is one.
Edges draw_circle(Node nodes, RandomStream& random) {
  std::vector<Node> order(nodes);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = nodes; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  Edges edges;
  for (std::size_t i = 0; i < nodes; ++i) edges.emplace_back(order[i], order[(i + 1) % nodes]);
  return edges;
}

// The pairing model without its failures: points, `degree` of each node, are paired at random, and
// pairs that would make a loop or a double link are drawn again (Steger and Wormald, "Generating
// random regular graphs quickly", 1999; asymptotically uniform for degrees up to about the cube root
// of the nodes: Kim and Vu, 2003). nullopt where no pair is left that fits.
class Pairing {
 public:
  Pairing(Node nodes, Node degree) : linked_(nodes) {
    for (Node v = 0; v < nodes; ++v) points_.insert(points_.end(), degree, v);
  }

  std::optional<Edges> draw(RandomStream& random) {
    Edges edges;
    std::size_t failures = 0;
    while (!points_.empty()) {
      const std::size_t i = random.below(points_.size()), j = random.below(points_.size());
      const Node a = points_[i], b = points_[j];
      if (fits(a, b)) {
        failures = 0;
        edges.emplace_back(std::minmax(a, b));
        linked_[a].push_back(b);
        linked_[b].push_back(a);
        take(std::max(i, j));
        take(std::min(i, j));
      } else if (++failures > points_.size()) {
        if (!any_fits()) return std::nullopt;
        failures = 0;
      }
    }
    return edges;
  }

 private:
  bool fits(Node a, Node b) const {
    return a != b && std::find(linked_[a].begin(), linked_[a].end(), b) == linked_[a].end();
  }
  bool any_fits() const {
    std::vector<Node> left = points_;
    std::sort(left.begin(), left.end());
    left.erase(std::unique(left.begin(), left.end()), left.end());
    for (std::size_t i = 0; i < left.size(); ++i) {
      for (std::size_t j = i + 1; j < left.size(); ++j) {
        if (fits(left[i], left[j])) return true;
      }
    }
    return false;
  }
  void take(std::size_t i) {
    points_[i] = points_.back();
    points_.pop_back();
  }

  std::vector<Node> points_;               // each node as often as it lacks neighbours
  std::vector<std::vector<Node>> linked_;  // neighbours so far
};

// The pairs that are not linked.
Edges complement(Node nodes, Edges edges) {
  std::sort(edges.begin(), edges.end());
  Edges others;
  auto edge = edges.begin();
  for (Node a = 0; a < nodes; ++a) {
    for (Node b = a + 1; b < nodes; ++b) {
      if (edge != edges.end() && *edge == std::pair{a, b}) {
        ++edge;
      } else {
        others.emplace_back(a, b);
      }
    }
  }
  return others;
}

// A graph is regular exactly if its complement is; the sparser of the two rarely gets stuck.
std::optional<Edges> draw_regular(Node nodes, Node degree, RandomStream& random) {
  if (degree == 2) return draw_circle(nodes, random);
  if (degree < nodes - degree) return Pairing(nodes, degree).draw(random);
  auto edges = Pairing(nodes, nodes - 1 - degree).draw(random);
  if (edges) edges = complement(nodes, std::move(*edges));
  return edges;
}

// Every pair with the probability, by drawing how many pairs are skipped until the next one, which
// takes time only for links that there are (Batagelj and Brandes, "Efficient generation of large
// random networks", Phys. Rev. E 71, 2005).
Edges draw_pairs(int nodes, double probability, RandomStream& random) {
  Edges edges;
  const double all = pairs(nodes), log_of_none = std::log1p(-probability);
  double row_start = 0;  // pairs are numbered (1,0), (2,0), (2,1), (3,0), ...
  Node row = 1;
  for (double pair = -1;;) {
    pair += 1 + std::floor(std::log1p(-random.uniform()) / log_of_none);
    if (!(pair < all)) return edges;
    for (; pair >= row_start + row; ++row) row_start += row;
    edges.emplace_back(row, static_cast<Node>(pair - row_start));
  }
}

// For each node the sorted numbers that it must not be linked with once more, its own among them.
class Adjacency {
 public:
  explicit Adjacency(Node nodes) : taken_(nodes) {
    for (Node v = 0; v < nodes; ++v) taken_[v] = {v};
  }
  void link(Node a, Node b) { insert(a, b), insert(b, a); }
  void part(Node a, Node b) { erase(a, b), erase(b, a); }
  std::size_t strangers(Node v) const { return taken_.size() - taken_[v].size(); }
  // The k-th number, from 0, that is not taken. Below the j-th taken one there are taken[j] - j.
  Node stranger(Node v, std::uint64_t k) const {
    std::size_t low = 0, high = taken_[v].size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (taken_[v][middle] - middle > k) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return static_cast<Node>(k + low);
  }

 private:
  void insert(Node v, Node other) {
    taken_[v].insert(std::lower_bound(taken_[v].begin(), taken_[v].end(), other), other);
  }
  void erase(Node v, Node other) {
    taken_[v].erase(std::lower_bound(taken_[v].begin(), taken_[v].end(), other));
  }
  std::vector<std::vector<Node>> taken_;
};

// The lattice lap by lap, as Watts and Strogatz go: the nearest neighbours of all nodes first. A link
// whose first node is linked with all others stays where it is.
Edges draw_small_world(const WattsStrogatzConfig& config, RandomStream& random) {
  const Node nodes = static_cast<Node>(config.nodes);
  Adjacency adjacency(nodes);
  Edges edges;
  for (Node lap = 1; lap <= static_cast<Node>(config.neighbours) / 2; ++lap) {
    for (Node v = 0; v < nodes; ++v) edges.emplace_back(v, (v + lap) % nodes);
  }
  for (const auto& [a, b] : edges) adjacency.link(a, b);
  for (auto& [a, b] : edges) {
    if (!(random.uniform() < config.rewire) || adjacency.strangers(a) == 0) continue;
    const Node other = adjacency.stranger(a, random.below(adjacency.strangers(a)));
    adjacency.part(a, b);
    adjacency.link(a, other);
    b = other;
  }
  return edges;
}

// The first `edges` nodes have no links among themselves; the next one links to all of them. Drawing
// from a list that holds every node as often as it has links is drawing by degree (Batagelj and
// Brandes, 2005); what is drawn twice is drawn again. Connected by construction.
Edges grow_scale_free(const BarabasiAlbertConfig& config, RandomStream& random) {
  const Node nodes = static_cast<Node>(config.nodes), each = static_cast<Node>(config.edges);
  std::vector<Node> ends, targets(each);
  std::vector<Node> chosen_by(nodes, 0);
  std::iota(targets.begin(), targets.end(), 0);
  Edges edges;
  for (Node v = each; v < nodes; ++v) {
    for (std::size_t drawn = 0; v > each && drawn < each;) {
      const Node target = ends[random.below(ends.size())];
      if (std::exchange(chosen_by[target], v) != v) targets[drawn++] = target;
    }
    for (const Node target : targets) {
      edges.emplace_back(target, v);
      ends.push_back(target);
      ends.push_back(v);
    }
  }
  return edges;
}

struct Point {
  double x, y;
};
double distance(const Point& a, const Point& b) {
  const double dx = a.x - b.x, dy = a.y - b.y;
  return std::sqrt(dx * dx + dy * dy);
}

// Nodes by the cells of a square grid that are no smaller than the radius: whatever is near a node
// is in its cell or one of the eight around it.
class Cells {
 public:
  Cells(std::span<const Point> points, double radius) : points_(points), radius_(radius) {
    const double most = std::sqrt(static_cast<double>(points.size()));  // about a node each
    side_ = static_cast<std::size_t>(std::max(1.0, std::min(most, 0.999 / radius)));
    nodes_.resize(side_ * side_);
    for (std::size_t v = 0; v < points.size(); ++v)
      nodes_[row(points[v].y) * side_ + row(points[v].x)].push_back(static_cast<Node>(v));
  }
  // Those above v, in order, that are closer than the radius.
  void append_near(Node v, std::vector<Node>& near) const {
    const std::size_t x = row(points_[v].x), y = row(points_[v].y);
    for (std::size_t i = x - (x > 0); i < std::min(x + 2, side_); ++i) {
      for (std::size_t j = y - (y > 0); j < std::min(y + 2, side_); ++j) {
        for (const Node other : nodes_[j * side_ + i]) {
          if (other > v && distance(points_[v], points_[other]) < radius_) near.push_back(other);
        }
      }
    }
    std::sort(near.begin(), near.end());
  }

 private:
  std::size_t row(double at) const {
    return std::min(side_ - 1, static_cast<std::size_t>(at * static_cast<double>(side_)));
  }
  std::span<const Point> points_;
  double radius_;
  std::size_t side_;
  std::vector<std::vector<Node>> nodes_;  // by cell
};

std::vector<Point> draw_points(int nodes, RandomStream& random) {
  std::vector<Point> points;
  for (int i = 0; i < nodes; ++i) {
    const double x = random.uniform();
    points.push_back({x, random.uniform()});
  }
  return points;
}

Edges near_pairs(std::span<const Point> points, double radius) {
  const Cells cells(points, radius);
  Edges edges;
  std::vector<Node> near;
  for (Node v = 0; v < points.size(); ++v) {
    near.clear();
    cells.append_near(v, near);
    for (const Node other : near) edges.emplace_back(v, other);
  }
  return edges;
}

// Of two random points of the unit square to be closer than r <= 1.
double probability_near(double r) { return r * r * (std::numbers::pi - r * (8.0 / 3 - r / 2)); }

}  // namespace

Topology make(const RandomRegularConfig& config) {
  require_positive("random regular graph", "degree", config.degree);
  require_common("random regular graph", config, 1.0 * config.nodes * config.degree);
  const Node nodes = static_cast<Node>(config.nodes), degree = static_cast<Node>(config.degree);
  const std::string graph =
      fmt::format("a random graph of {} nodes with {} neighbours each", nodes, degree);
  return alike(config,
               draw_connected(config, graph, "another degree may do", [&](RandomStream& random) {
                 return draw_regular(nodes, degree, random);
               }));
}

Topology make(const ErdosRenyiConfig& config) {
  require_within("random graph G(n, p)", "probability", config.probability, 0, 1);
  require_common("random graph G(n, p)", config, 2 * pairs(config.nodes) * config.probability);
  const std::string graph = fmt::format("a random graph of {} nodes with probability {}",
                                        config.nodes, config.probability);
  const std::string advice =
      fmt::format("raise the probability, as graphs become connected around ln(n) / n = {:.3g}",
                  std::log(config.nodes) / config.nodes);
  return alike(config, draw_connected(config, graph, advice, [&](RandomStream& random) {
                 return draw_pairs(config.nodes, config.probability, random);
               }));
}

Topology make(const WattsStrogatzConfig& config) {
  require_positive("small world", "neighbours", config.neighbours);
  require_within("small world", "rewire", config.rewire, 0, 1);
  require_common("small world", config, 1.0 * config.nodes * config.neighbours);
  const std::string graph =
      fmt::format("a small world of {} nodes with {} neighbours", config.nodes, config.neighbours);
  return alike(config, draw_connected(
                           config, graph, "give the nodes more neighbours or rewire fewer links",
                           [&](RandomStream& random) { return draw_small_world(config, random); }));
}

Topology make(const BarabasiAlbertConfig& config) {
  require_positive("scale-free graph", "edges", config.edges);
  require_common("scale-free graph", config, 2.0 * config.nodes * config.edges);
  RandomStream random({.seed = config.seed, .purpose = Purpose::kTopology});
  return alike(config, grow_scale_free(config, random));
}

Topology make(const RandomGeometricConfig& config) {
  require_within("random geometric graph", "radius", config.radius, 0, 1.5);
  require_common("random geometric graph", config,
                 2 * pairs(config.nodes) * probability_near(std::min(config.radius, 1.0)));
  const std::string graph = fmt::format("a random geometric graph of {} nodes with radius {}",
                                        config.nodes, config.radius);
  const double n = config.nodes;
  const std::string advice = fmt::format(
      "raise the radius, as graphs become connected around sqrt(ln(n) / (pi n)) = {:.3g}",
      std::sqrt(std::log(n) / (std::numbers::pi * n)));
  std::vector<Point> points;
  const Edges edges = draw_connected(config, graph, advice, [&](RandomStream& random) {
    points = draw_points(config.nodes, random);
    return near_pairs(points, config.radius);
  });
  Topology topology;
  const auto nodes = add_nodes(topology, config.nodes, config.device);
  for (const auto& [a, b] : edges) {
    const double share = distance(points[a], points[b]) / config.radius;
    const Duration latency{std::llround(static_cast<double>(config.latency.count()) * share)};
    topology.add_cable({nodes[a], nodes[b], config.bandwidth, latency});
  }
  return topology;
}

}  // namespace understudy
