// Random graphs: what holds for every draw, and what holds on average, within four or more standard
// deviations of it, which follow from the model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <map>
#include <numbers>

#include "graph.hpp"
#include "runtime/base/random.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

double cables(const Topology& topology) { return static_cast<double>(topology.links().size()) / 2; }

std::size_t degree_sum(const Neighbours& neighbours) {
  std::size_t sum = 0;
  for (const auto& of_vertex : neighbours) sum += of_vertex.size();
  return sum;
}

TEST(RandomRegular, GivesEveryNodeItsDegree) {
  for (int nodes = 2; nodes <= 24; ++nodes) {
    for (int degree = 1; degree < nodes; ++degree) {
      if (nodes * degree % 2 != 0 || (degree == 1 && nodes > 2)) continue;
      const Topology topology =
          make_topology(RandomRegularConfig{.nodes = nodes, .degree = degree});
      EXPECT_TRUE(is_simple(topology));
      EXPECT_NO_THROW(topology.require_connected());
      for (const auto& neighbours : neighbours_in(topology))
        EXPECT_EQ(neighbours.size(), static_cast<std::size_t>(degree)) << nodes << " nodes";
    }
  }
}

// By symmetry a pair of nodes is linked with probability degree / (nodes - 1): of 2000 draws a
// number with mean 2000 p and variance 2000 p (1 - p). Each degree goes another way: a circle, a
// pairing, a pairing's complement.
TEST(RandomRegular, LinksEveryPairAlike) {
  constexpr int kDraws = 2000, kNodes = 10;
  for (const int degree : {2, 3, 7}) {
    std::map<std::pair<std::size_t, std::size_t>, int> linked;
    RandomRegularConfig config{.nodes = kNodes, .degree = degree};
    for (config.seed = 1; config.seed <= kDraws; ++config.seed) {
      const Topology topology = make_topology(config);
      for (const Link& link : topology.links()) ++linked[{link.from.index(), link.to.index()}];
    }
    EXPECT_EQ(linked.size(), kNodes * (kNodes - 1u));
    const double p = degree / (kNodes - 1.0);
    for (const auto& [pair, times] : linked)
      EXPECT_NEAR(times, kDraws * p, 5 * std::sqrt(kDraws * p * (1 - p))) << degree;
  }
}

// 70 graphs on six nodes are cubic: 60 like a prism, and 10 without triangles, K(3,3). A uniform draw
// would give one of these in 1/7 of all cases. The pairing of Steger and Wormald (here of the
// complement, two triangles or a hexagon) gives them in 298/2025 = 1/6.8, which is found by following
// every order of its pairs with the probabilities.
TEST(RandomRegular, IsNearlyUniform) {
  constexpr int kDraws = 20'000;
  int without_triangles = 0;
  RandomRegularConfig config{.nodes = 6, .degree = 3};
  for (config.seed = 1; config.seed <= kDraws; ++config.seed) {
    const Neighbours n = neighbours_in(make_topology(config));
    bool has_triangle = false;
    for (const std::size_t a : n[0]) {
      for (const std::size_t b : n[0]) has_triangle |= n[a].contains(b);
    }
    without_triangles += !has_triangle;
  }
  const double p = 298.0 / 2025;
  EXPECT_NEAR(without_triangles, kDraws * p, 4 * std::sqrt(kDraws * p * (1 - p)));
}

TEST(ErdosRenyi, HasAsManyLinksAsExpected) {
  constexpr double kPairs = 400 * 399 / 2.0, p = 0.05;
  ErdosRenyiConfig config{.nodes = 400, .probability = p};
  for (config.seed = 1; config.seed <= 20; ++config.seed) {
    const Topology topology = make_topology(config);
    EXPECT_TRUE(is_simple(topology));
    EXPECT_NEAR(cables(topology), kPairs * p, 4 * std::sqrt(kPairs * p * (1 - p)));
  }
}

// With 20 nodes and p = 1/2 less than one graph in ten thousand is disconnected, so that drawing it
// again leaves the probabilities as they are.
TEST(ErdosRenyi, LinksEveryPairWithTheProbability) {
  constexpr int kDraws = 1000, kNodes = 20;
  std::map<std::pair<std::size_t, std::size_t>, int> linked;
  ErdosRenyiConfig config{.nodes = kNodes, .probability = 0.5};
  for (config.seed = 1; config.seed <= kDraws; ++config.seed) {
    const Topology topology = make_topology(config);
    for (const Link& link : topology.links()) ++linked[{link.from.index(), link.to.index()}];
  }
  EXPECT_EQ(linked.size(), kNodes * (kNodes - 1u));
  for (const auto& [pair, times] : linked) EXPECT_NEAR(times, 500, 5 * std::sqrt(kDraws * 0.25));
}

TEST(ErdosRenyi, OfProbabilityOneIsAMesh) {
  EXPECT_EQ(make_topology(ErdosRenyiConfig{.nodes = 9, .probability = 1}).links().size(), 72u);
  EXPECT_EQ(make_topology(ErdosRenyiConfig{.nodes = 1}).links().size(), 0u);
}

TEST(ErdosRenyi, IsDrawnAgainUntilItIsConnected) {
  ErdosRenyiConfig config{.nodes = 12,
                          .probability = 0.15};  // few are: 12 x 0.85^11 = 2 lone nodes
  for (config.seed = 1; config.seed <= 50; ++config.seed)
    EXPECT_NO_THROW(make_topology(config).require_connected());
}

TEST(ErdosRenyi, SaysWhatWouldHelp) {
  EXPECT_EQ(
      error_of(ErdosRenyiConfig{.nodes = 1000, .probability = 0.001}),
      "none of 100 draws of a random graph of 1000 nodes with probability 0.001 was "
      "connected; raise the probability, as graphs become connected around ln(n) / n = 0.00691");
  EXPECT_THAT(error_of(ErdosRenyiConfig{.nodes = 100'000, .probability = 1e-300}),
              StartsWith("none of 100 draws"));
}

// 2 x 10^9 pairs of which a few are linked: time is for links only.
TEST(ErdosRenyi, OfAHundredThousandNodesIsQuick) {
  constexpr double kPairs = 1e5 * (1e5 - 1) / 2, p = 3e-4;
  const Topology topology = make_topology(ErdosRenyiConfig{.nodes = 100'000, .probability = p});
  EXPECT_NEAR(cables(topology), kPairs * p, 4 * std::sqrt(kPairs * p * (1 - p)));
}

bool is_in_lattice(const Link& link, std::size_t nodes, std::size_t neighbours) {
  const std::size_t apart = (link.to.index() + nodes - link.from.index()) % nodes;
  return std::min(apart, nodes - apart) <= neighbours / 2;
}

TEST(WattsStrogatz, IsARingLatticeWhereNothingIsRewired) {
  for (const auto& [nodes, neighbours] : {std::pair{16, 4}, {9, 8}, {10, 8}, {3, 2}, {20, 6}}) {
    const Topology topology =
        make_topology(WattsStrogatzConfig{.nodes = nodes, .neighbours = neighbours, .rewire = 0});
    EXPECT_TRUE(is_simple(topology));
    EXPECT_EQ(topology.links().size(), static_cast<std::size_t>(nodes * neighbours));
    for (const Link& link : topology.links())
      EXPECT_TRUE(is_in_lattice(link, static_cast<std::size_t>(nodes),
                                static_cast<std::size_t>(neighbours)));
    const int stride = neighbours / 2;
    EXPECT_EQ(diameter(topology), static_cast<std::size_t>((nodes / 2 + stride - 1) / stride));
  }
}

TEST(WattsStrogatz, KeepsTheNumberOfLinksAndHalfOfEachNodes) {
  for (const double rewire : {0.1, 0.5, 1.0}) {
    const Topology topology =
        make_topology(WattsStrogatzConfig{.nodes = 100, .neighbours = 6, .rewire = rewire});
    EXPECT_TRUE(is_simple(topology));
    EXPECT_EQ(topology.links().size(), 600u);
    for (const auto& of_vertex : neighbours_in(topology)) EXPECT_GE(of_vertex.size(), 3u);
  }
}

// 10,000 links move with probability 0.1 each: 1000, with a deviation of 30. About one in two
// thousand of them lands where another lattice link has left.
TEST(WattsStrogatz, RewiresWithTheProbability) {
  const Topology topology =
      make_topology(WattsStrogatzConfig{.nodes = 2000, .neighbours = 10, .rewire = 0.1});
  int moved = 0;
  for (const Link& link : topology.links()) moved += !is_in_lattice(link, 2000, 10);
  EXPECT_NEAR(moved / 2, 1000, 4 * 30 + 5);
  EXPECT_LT(diameter(topology), 10u);  // of 200 without
}

// Where links go does not depend on how far: of moved ends, uniform over the nodes, a tenth are
// within a twentieth of the ring.
TEST(WattsStrogatz, MovesLinksAnywhere) {
  const Topology topology =
      make_topology(WattsStrogatzConfig{.nodes = 2000, .neighbours = 4, .rewire = 1});
  int moved = 0, near = 0;
  for (const Link& link : topology.links()) {
    if (is_in_lattice(link, 2000, 4)) continue;
    ++moved;
    near += is_in_lattice(link, 2000, 200);
  }
  EXPECT_GT(moved, 7900);
  const double cables_moved = moved / 2.0, p = 196.0 / 1995;  // the lattice itself is left out
  EXPECT_NEAR(near / 2.0, cables_moved * p, 4 * std::sqrt(cables_moved * p * (1 - p)));
}

TEST(WattsStrogatz, LeavesLinksThatHaveNowhereToGo) {
  const Topology topology =
      make_topology(WattsStrogatzConfig{.nodes = 9, .neighbours = 8, .rewire = 1});
  EXPECT_TRUE(is_simple(topology));
  EXPECT_EQ(topology.links().size(), 72u);
}

TEST(BarabasiAlbert, AddsAsManyLinksWithEachNode) {
  for (const auto& [nodes, edges] : {std::pair{2, 1}, {16, 2}, {50, 7}, {12, 11}}) {
    const Topology topology = make_topology(BarabasiAlbertConfig{.nodes = nodes, .edges = edges});
    EXPECT_TRUE(is_simple(topology));
    EXPECT_NO_THROW(topology.require_connected());
    const Neighbours neighbours = neighbours_in(topology);
    EXPECT_EQ(degree_sum(neighbours), static_cast<std::size_t>(2 * edges * (nodes - edges)));
    for (std::size_t v = static_cast<std::size_t>(edges); v < neighbours.size(); ++v) {
      const auto older =
          std::count_if(neighbours[v].begin(), neighbours[v].end(), [v](auto u) { return u < v; });
      EXPECT_EQ(older, edges);
    }
  }
}

// In the limit a share 2 m (m+1) / (k (k+1) (k+2)) of the nodes has degree k >= m (Bollobas, Riordan,
// Spencer, Tusnady, 2001): for m = 2 one half has 2, a fifth has 3, a tenth has 4. The numbers of
// nodes are about as scattered as if each were drawn by itself.
TEST(BarabasiAlbert, IsScaleFree) {
  constexpr int kNodes = 20'000;
  const Topology topology = make_topology(BarabasiAlbertConfig{.nodes = kNodes, .edges = 2});
  std::map<std::size_t, int> with_degree;
  std::size_t most = 0;
  for (const auto& of_vertex : neighbours_in(topology)) {
    ++with_degree[of_vertex.size()];
    most = std::max(most, of_vertex.size());
  }
  for (const auto& [degree, share] : {std::pair{2u, 0.5}, {3u, 0.2}, {4u, 0.1}})
    EXPECT_NEAR(with_degree[degree], kNodes * share, 5 * std::sqrt(kNodes * share * (1 - share)));
  EXPECT_GT(most, 100u);  // of the order of m sqrt(n / m) = 200; without preference about 20
}

// The places are drawn here as there, all in the first draw; pairs and latencies are found by looking at all.
TEST(RandomGeometric, LinksExactlyWhatIsNear) {
  for (const auto& [nodes, radius] :
       {std::pair{90, 0.3}, {60, 0.5}, {40, 0.9}, {10, 1.4999}, {400, 0.12}}) {
    const RandomGeometricConfig config{.nodes = nodes, .radius = radius, .latency = 7ms, .seed = 3};
    RandomStream random({.seed = 3, .purpose = Purpose::kTopology});
    std::vector<std::pair<double, double>> at;
    for (int i = 0; i < nodes; ++i) {
      const double x = random.uniform();
      at.emplace_back(x, random.uniform());
    }
    const Topology topology = make_topology(config);
    EXPECT_TRUE(is_simple(topology));
    const Neighbours neighbours = neighbours_in(topology);
    for (std::size_t a = 0; a < at.size(); ++a) {
      for (std::size_t b = 0; b < at.size(); ++b) {
        const double dx = at[a].first - at[b].first, dy = at[a].second - at[b].second;
        const bool near = a != b && std::sqrt(dx * dx + dy * dy) < radius;
        EXPECT_EQ(neighbours[a].contains(b), near) << nodes << ": " << a << " " << b;
      }
    }
    for (const Link& link : topology.links()) {
      const auto& [x, y] = at[link.from.index()];
      const auto& [u, v] = at[link.to.index()];
      EXPECT_NEAR(to_seconds(link.latency), 7e-3 * std::hypot(x - u, y - v) / radius, 1e-12);
    }
    for (const Vertex& vertex : topology.vertices()) EXPECT_FALSE(vertex.at.has_value());
  }
}

// Two points of the unit square are closer than r <= 1 with probability pi r^2 - 8/3 r^3 + r^4 / 2.
// Pairs that share a point hang together, so the deviation is the sample's own.
TEST(RandomGeometric, HasAsManyLinksAsExpected) {
  constexpr int kDraws = 200;
  constexpr double r = 0.5, kPairs = 50 * 49 / 2.0;
  RandomGeometricConfig config{.nodes = 50, .radius = r};
  double sum = 0, squares = 0;
  for (config.seed = 1; config.seed <= kDraws; ++config.seed) {
    const double links = cables(make_topology(config));
    sum += links;
    squares += links * links;
  }
  const double mean = sum / kDraws, deviation = std::sqrt(squares / kDraws - mean * mean);
  const double p = std::numbers::pi * r * r - 8.0 / 3 * r * r * r + r * r * r * r / 2;
  EXPECT_NEAR(mean, kPairs * p, 4 * deviation / std::sqrt(kDraws));
}

TEST(RandomGeometric, OfAHundredThousandNodesIsQuick) {
  constexpr double r = 0.008, kPairs = 1e5 * (1e5 - 1) / 2;
  const Topology topology = make_topology(RandomGeometricConfig{.nodes = 100'000, .radius = r});
  const double expected = kPairs * (std::numbers::pi * r * r - 8.0 / 3 * r * r * r);
  EXPECT_NEAR(cables(topology), expected, 0.01 * expected);  // a deviation is about 0.001 of it
}

TEST(RandomGeometric, SaysWhatWouldHelp) {
  EXPECT_EQ(error_of(RandomGeometricConfig{.nodes = 1000, .radius = 0.01}),
            "none of 100 draws of a random geometric graph of 1000 nodes with radius 0.01 was "
            "connected; raise the radius, as graphs become connected around sqrt(ln(n) / (pi n)) = "
            "0.0469");
}

template <class Config>
void expect_drawn_by_seed(Config config) {
  const Topology first = make_topology(config);
  EXPECT_TRUE(same_links(first, make_topology(config)));
  ++config.seed;
  EXPECT_FALSE(same_links(first, make_topology(config)));
}

TEST(EveryRandomGraph, IsDrawnByItsSeed) {
  expect_drawn_by_seed(RandomRegularConfig{.nodes = 30});
  expect_drawn_by_seed(RandomRegularConfig{.nodes = 30, .degree = 2});
  expect_drawn_by_seed(ErdosRenyiConfig{});
  expect_drawn_by_seed(WattsStrogatzConfig{});
  expect_drawn_by_seed(BarabasiAlbertConfig{});
  expect_drawn_by_seed(RandomGeometricConfig{});
}

}  // namespace
}  // namespace understudy
