// Against closed forms, and bisections also against a count over all halves.
#include "topologies/analysis/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>

#include "runtime/base/random.hpp"
#include "tests/topologies/known_graphs.hpp"
#include "topologies/analysis/neighbours.hpp"
#include "topologies/analysis/spectrum.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using std::numbers::pi;
using testing::ElementsAre;
using testing::Pair;

// --- counts and distances -------------------------------------------------------------------------

TEST(Counts, ACableIsTwoLinksAndALinkWithoutOneBackCountsAsOne) {
  Topology topology = graph(3, 0, {{0, 1}, {0, 1}});
  topology.add_link({VertexId{1}, VertexId{2}, kCable, 1ms});
  const TopologyStatistics s = statistics_of(topology);
  EXPECT_EQ(s.vertices, 3u);
  EXPECT_EQ(s.links, 5u);
  EXPECT_EQ(s.cables, 3u);
  EXPECT_EQ(s.nodes, 3u);
  EXPECT_EQ(s.components, 2u);  // nothing comes back from host2
  EXPECT_FALSE(s.distances);
}

TEST(Counts, NothingAndASingleVertex) {
  const TopologyStatistics nothing = statistics_of(Topology{});
  EXPECT_EQ(nothing.vertices, 0u);
  EXPECT_EQ(nothing.components, 0u);
  const TopologyStatistics one = statistics_of(graph(1, 0, {}));
  EXPECT_EQ(one.components, 1u);
  EXPECT_EQ(one.distances->hops.high, 0);
  EXPECT_EQ(one.distances->mean_route_latency, Duration{0});
  EXPECT_FALSE(one.bisection || one.algebraic_connectivity || one.spectral_gap);
}

void expect_diameter(const Topology& topology, std::int64_t hops) {
  const Distances d = distances_of(topology);
  EXPECT_EQ(d.hops.low, hops);
  EXPECT_EQ(d.hops.high, hops);
  EXPECT_EQ(d.latency.low, hops * Duration{1ms});
  EXPECT_EQ(d.latency.high, hops * Duration{1ms});
}

TEST(Diameter, OfKnownGraphs) {
  expect_diameter(graph(7, 0, path_edges(7)), 6);
  expect_diameter(graph(9, 0, ring_edges(9)), 4);
  expect_diameter(graph(10, 0, ring_edges(10)), 5);
  expect_diameter(graph(6, 0, complete_edges(6)), 1);
  expect_diameter(graph(64, 0, hypercube_edges(6)), 6);
  expect_diameter(graph(35, 0, torus_edges(5, 7)), 2 + 3);
  expect_diameter(fat_tree(4), 6);
}

TEST(Diameter, InHopsAndInLatencyMayLieOnDifferentPaths) {
  Topology topology = graph(3, 0, {{0, 1}, {1, 2}});  // 2 ms by two hops
  topology.add_cable({VertexId{0}, VertexId{2}, kCable, 10ms});
  const Distances d = distances_of(topology);
  EXPECT_EQ(d.hops.high, 1);
  EXPECT_EQ(d.latency.high, 2ms);
}

TEST(Diameter, LooksAtBothDirections) {
  Topology topology = graph(3, 0, {});
  for (int v = 0; v < 3; ++v)  // a one-way ring
    topology.add_link({VertexId{v}, VertexId{(v + 1) % 3}, kCable, v == 2 ? 5ms : 1ms});
  const Distances d = distances_of(topology);
  EXPECT_EQ(d.hops.high, 2);
  EXPECT_EQ(d.latency.high, 6ms);  // from 1 over 2 to 0, or from 2 over 0 to 1
  EXPECT_EQ(d.mean_route_latency, Duration{(1ms + 2ms + 1ms + 6ms + 5ms + 6ms)} / 6);
}

TEST(Diameter, BeyondWhatIsAffordableIsExactForStarsAndBoundedForRings) {
  const Distances star = distances_of(graph(20'000, 0, star_edges(20'000)));
  EXPECT_LT(star.sources, star.nodes);  // or this tests something else
  EXPECT_EQ(star.hops.low, 2);
  EXPECT_EQ(star.hops.high, 2);
  EXPECT_EQ(star.latency.high, 2ms);
  const int n = 20'000;
  const Distances ring = distances_of(graph(n, 0, ring_edges(n)));
  EXPECT_FALSE(ring.hops.exact());
  EXPECT_EQ(ring.hops.low, n / 2);
  EXPECT_EQ(ring.hops.high, n);
  // All sources of a ring are alike: distances 1 to n/2 - 1 twice, and n/2 once.
  const double mean_ms = n / 2.0 * (n / 2.0) / (n - 1);
  EXPECT_NEAR(to_seconds(ring.mean_route_latency), mean_ms * 1e-3, 1e-11);
}

TEST(Diameter, BeyondWhatTheClockCountsStaysAtItsEnd) {
  const Distances d = distances_of(graph(4, 0, path_edges(4), Duration::max() / 2));
  EXPECT_EQ(d.hops.high, 3);
  EXPECT_EQ(d.latency.high, Duration::max());
}

TEST(MeanRoute, IsBetweenNodesNotSwitches) {
  const Distances star = distances_of(graph(4, 1, {{0, 4}, {1, 4}, {2, 4}, {3, 4}}));
  EXPECT_EQ(star.mean_route_latency, 2ms);
  Topology bare;
  for (int v = 0; v < 3; ++v) bare.add_vertex({fmt::format("v{}", v)});
  for (int v = 0; v < 2; ++v) bare.add_cable({VertexId{v}, VertexId{v + 1}, kCable, 3ms});
  EXPECT_EQ(distances_of(bare).mean_route_latency, 4ms);  // (3 + 3 + 6) / 3
}

TEST(MeanRoute, CountsEveryPairOfNodes) {
  Topology topology = graph(2, 0, {{0, 1}}, 3ms);
  topology.place({.vertex = VertexId{0}});  // two nodes here, one there: 4 of 6 pairs apart
  EXPECT_EQ(distances_of(topology).mean_route_latency, 2ms);
}

TEST(MeanRoute, GoesTheWayThatMessagesGo) {
  Topology topology = graph(3, 0, {{0, 1}, {1, 2}});
  topology.add_cable({VertexId{0}, VertexId{2}, kCable, 10ms});
  EXPECT_EQ(distances_of(topology).mean_route_latency, Duration{1ms + 1ms + 2ms} / 3);
  topology.use_routing(Routing::kFewestHops);
  EXPECT_EQ(distances_of(topology).mean_route_latency, Duration{1ms + 1ms + 10ms} / 3);
}

// --- bisection ------------------------------------------------------------------------------------

Bisection expect_bisection(const Topology& topology, double links) {
  const Bisection b = bisection_of(topology).value();
  EXPECT_NEAR(b.bits_per_s.high, links * 1e9, 1);
  EXPECT_LE(b.bits_per_s.low, b.bits_per_s.high);
  EXPECT_EQ(b.proof == Proof::kNone, b.bits_per_s.low < b.bits_per_s.high);
  return b;
}

TEST(BisectionBandwidth, OfSmallGraphsIsProven) {
  EXPECT_EQ(expect_bisection(graph(9, 0, path_edges(9)), 1).proof, Proof::kSearch);
  EXPECT_EQ(expect_bisection(graph(11, 0, ring_edges(11)), 2).proof, Proof::kSearch);
  EXPECT_EQ(expect_bisection(graph(10, 0, star_edges(10)), 5).proof, Proof::kSearch);
  EXPECT_EQ(expect_bisection(graph(11, 0, star_edges(11)), 5).proof, Proof::kSearch);
  EXPECT_EQ(expect_bisection(graph(20, 0, torus_edges(4, 5)), 2 * 4 + 2).proof, Proof::kSearch);
  EXPECT_EQ(expect_bisection(fat_tree(4), 8).proof, Proof::kSearch);
}

TEST(BisectionBandwidth, IsProvenByTheSpectrumWhereItsBoundIsMet) {
  for (const int n : {5, 8, 30, 31, 300})
    EXPECT_EQ(expect_bisection(graph(n, 0, complete_edges(n)), n * n / 4).proof, Proof::kSpectrum);
  for (const int d : {1, 3, 7, 9})  // 9: 512 vertices, Lanczos
    EXPECT_EQ(expect_bisection(graph(1 << d, 0, hypercube_edges(d)), 1 << (d - 1)).proof,
              Proof::kSpectrum);
}

TEST(BisectionBandwidth, OfLargerGraphsIsFoundButNotProven) {
  EXPECT_EQ(expect_bisection(graph(1000, 0, ring_edges(1000)), 2).proof, Proof::kNone);
  EXPECT_EQ(expect_bisection(graph(101, 0, star_edges(101)), 50).proof, Proof::kNone);
  expect_bisection(graph(12 * 20, 0, torus_edges(12, 20)), 2 * 12);
  expect_bisection(graph(20 * 12, 0, torus_edges(20, 12)), 2 * 12);
  expect_bisection(fat_tree(8), 64);
  // A complete binary tree of 2^k - 1: one of the root's two subtrees, and the rest.
  expect_bisection(make_topology(TreeConfig{.nodes = 1023, .bandwidth = kCable}), 1);
}

TEST(BisectionBandwidth, SwitchesTakeTheSideThatSuits) {
  // Two switches of five hosts each, joined by three cables.
  Edges edges{{10, 11}, {10, 11}, {10, 11}};
  for (int h = 0; h < 10; ++h) edges.emplace_back(h, h % 2 == 0 ? 10 : 11);
  EXPECT_EQ(expect_bisection(graph(10, 2, edges), 3).proof, Proof::kSearch);
}

TEST(BisectionBandwidth, CountsVerticesWithNodesNotNodes) {
  Topology topology = graph(4, 0, path_edges(4));
  for (int i = 0; i < 5; ++i) topology.place({.vertex = VertexId{0}});
  expect_bisection(topology, 1);
  Topology alone = graph(1, 1, {{0, 1}});
  EXPECT_FALSE(bisection_of(alone));
}

TEST(BisectionBandwidth, TakesTheDirectionThatHasLess) {
  Topology topology = graph(2, 0, {});
  topology.add_link({VertexId{0}, VertexId{1}, Bandwidth{5e9}, 1ms});
  topology.add_link({VertexId{1}, VertexId{0}, Bandwidth{2e9}, 1ms});
  expect_bisection(topology, 2);
}

TEST(BisectionBandwidth, OfWhatFallsApartInTwoHalvesIsNothing) {
  expect_bisection(graph(6, 0, {{0, 2}, {2, 4}, {1, 3}, {3, 5}}), 0);
  EXPECT_FALSE(statistics_of(graph(6, 0, {{0, 2}, {2, 4}, {1, 3}, {3, 5}})).distances);
}

// Each way to give the vertices sides, the first `hosts` of them in halves.
double least_crossing(int hosts, int switches, const std::vector<Link>& links) {
  double least = std::numeric_limits<double>::infinity();
  for (unsigned sides = 0; sides < 1u << (hosts + switches); ++sides) {
    const int on_one = std::popcount(sides & ((1u << hosts) - 1));
    if (on_one != hosts / 2 && on_one != hosts - hosts / 2) continue;
    double rate = 0;  // from side 1 to side 0; the other way is another way to give sides
    for (const Link& link : links) {
      if ((sides >> link.from.value & 1) != 0 && (sides >> link.to.value & 1) == 0)
        rate += link.bandwidth.bits_per_s;
    }
    least = std::min(least, rate);
  }
  return least;
}

TEST(BisectionBandwidth, MatchesACountOverAllHalves) {
  RandomStream random({.seed = 5, .purpose = Purpose::kTest});
  for (int round = 0; round < 60; ++round) {
    const int hosts = 2 + static_cast<int>(random.below(6)),
              switches = static_cast<int>(random.below(4)), all = hosts + switches;
    Topology topology = graph(hosts, switches, {});
    for (int i = 0; i < 3 * all; ++i) {
      const auto a = static_cast<int>(random.below(static_cast<std::uint64_t>(all))),
                 b = static_cast<int>(random.below(static_cast<std::uint64_t>(all)));
      const double rate = 1e9 * static_cast<double>(1 + random.below(9));
      if (a != b) topology.add_link({VertexId{a}, VertexId{b}, Bandwidth{rate}, 1ms});
    }
    const std::vector<Link> links(topology.links().begin(), topology.links().end());
    const Bisection b = bisection_of(topology).value();
    EXPECT_NE(b.proof, Proof::kNone);
    EXPECT_NEAR(b.bits_per_s.high, least_crossing(hosts, switches, links), 1) << round;
  }
}

// --- eigenvalues ----------------------------------------------------------------------------------

double connectivity(int n, const Edges& edges) {
  std::vector<WeightedEdge> weighted;
  for (const auto& [a, b] : edges)
    weighted.push_back({static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b), 1});
  return fiedler_pair(static_cast<std::size_t>(n), weighted).value().value;
}

// Sizes on both sides of kMaxDense: all eigenvalues at once, and Lanczos' method.
TEST(AlgebraicConnectivity, OfKnownGraphs) {
  for (const int n : {2, 10, 150, 1500}) {
    const double expected = 2 - 2 * std::cos(pi / n);
    EXPECT_NEAR(connectivity(n, path_edges(n)), expected, 1e-6 * expected) << n;
  }
  for (const int n : {3, 10, 150, 1500}) {
    const double expected = 2 - 2 * std::cos(2 * pi / n);
    EXPECT_NEAR(connectivity(n, ring_edges(n)), expected, 1e-6 * expected) << n;
    EXPECT_NEAR(connectivity(n, star_edges(n)), 1, 1e-6) << n;
  }
  for (const int n : {4, 60, 400}) EXPECT_NEAR(connectivity(n, complete_edges(n)), n, 1e-6 * n);
  for (const int d : {1, 4, 7, 9}) EXPECT_NEAR(connectivity(1 << d, hypercube_edges(d)), 2, 1e-6);
  for (const int n : {8, 40})  // the longer side's
    EXPECT_NEAR(connectivity(n * 6, torus_edges(n, 6)), 2 - 2 * std::cos(2 * pi / n), 1e-8);
  for (const int m : {3, 150})
    EXPECT_NEAR(connectivity(3 * m, complete_bipartite_edges(m, 2 * m)), m, 1e-6 * m);
}

// Whatever comes first, on the way a set of C(14, 7) = 3432 vertices becomes dense, 5.9 million
// numbers: here Lanczos' method goes without factors.
TEST(AlgebraicConnectivity, OfAGraphThatHasNoSparseFactors) {
  EXPECT_NEAR(connectivity(1 << 14, hypercube_edges(14)), 2, 1e-6);
}

TEST(AlgebraicConnectivity, OfAGraphThatFallsApartIsZero) {
  EXPECT_EQ(connectivity(5, {{0, 1}, {2, 3}, {3, 4}}), 0);
  Edges two_rings = ring_edges(400);
  for (const auto& [a, b] : ring_edges(300)) two_rings.emplace_back(400 + a, 400 + b);
  EXPECT_EQ(connectivity(700, two_rings), 0);
}

TEST(AlgebraicConnectivity, ItsVectorSolvesTheEquation) {
  const int n = 600;
  std::vector<WeightedEdge> edges;
  for (const auto& [a, b] : path_edges(n))
    edges.push_back({static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b), 1.0 + a % 3});
  const FiedlerPair pair = fiedler_pair(n, edges).value();
  std::vector<double> residual(n);
  for (std::size_t v = 0; v < n; ++v) residual[v] = -pair.value * pair.vector[v];
  for (const WeightedEdge& e : edges) {
    const double flow = e.weight * (pair.vector[e.a] - pair.vector[e.b]);
    residual[e.a] += flow;
    residual[e.b] -= flow;
  }
  for (const double r : residual) EXPECT_NEAR(r, 0, 1e-9);
}

double gap(int n, const Edges& edges) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for (const auto& [a, b] : edges)
    pairs.emplace_back(static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b));
  return metropolis_gap(static_cast<std::size_t>(n), pairs).value();
}

TEST(MetropolisGap, OfKnownGraphs) {
  for (const int n : {2, 7, 100, 600}) EXPECT_NEAR(gap(n, complete_edges(n)), 1, 1e-7) << n;
  // A ring's weights are all 1/3, its eigenvalues (1 + 2 cos(2 pi k/n)) / 3.
  for (const int n : {5, 12, 100, 1000}) {
    const double expected = 2 * (1 - std::cos(2 * pi / n)) / 3;
    EXPECT_NEAR(gap(n, ring_edges(n)), expected, 1e-6 * expected) << n;
  }
  EXPECT_NEAR(gap(4, ring_edges(4)), 2.0 / 3, 1e-12);
  // A star's weights are all 1/n, its eigenvalues 1, 1 - 1/n and 0.
  for (const int n : {3, 12, 100, 1000}) EXPECT_NEAR(gap(n, star_edges(n)), 1.0 / n, 1e-8) << n;
  // A hypercube's weights are all 1/(d+1), its eigenvalues 1 - 2k/(d+1): the ends have one modulus.
  for (const int d : {2, 6, 9}) EXPECT_NEAR(gap(1 << d, hypercube_edges(d)), 2.0 / (d + 1), 1e-7);
  EXPECT_EQ(gap(4, {{0, 1}, {2, 3}}), 0);
}

// K_m,m: weights 1/(m+1), eigenvalues 1, 1/(m+1) and (1-m)/(1+m), whose modulus is the larger one.
TEST(MetropolisGap, LooksAtTheNegativeEndToo) {
  for (const int m : {3, 50, 300})
    EXPECT_NEAR(gap(2 * m, complete_bipartite_edges(m, m)), 2.0 / (m + 1), 1e-7) << m;
}

TEST(Neighbours, ShareALinkOrASwitchOrAVertex) {
  // host0 - host1 - switch4 - switch5 - {host2, host3}
  Topology topology = graph(4, 2, {{0, 1}, {1, 4}, {4, 5}, {5, 2}, {5, 3}});
  EXPECT_THAT(neighbours_of(topology)->pairs,
              ElementsAre(Pair(0, 1), Pair(1, 2), Pair(1, 3), Pair(2, 3)));
  topology.place({.vertex = VertexId{0}});  // rank 4
  EXPECT_THAT(neighbours_of(topology)->pairs,
              ElementsAre(Pair(0, 1), Pair(0, 4), Pair(1, 2), Pair(1, 3), Pair(1, 4), Pair(2, 3)));
}

TEST(Neighbours, OnOneSwitchAreAllOfThemHoweverMany) {
  const TopologyStatistics s = statistics_of(make_topology(ClusterConfig{.machines = 5000}));
  EXPECT_EQ(s.neighbour_pairs, 5000u * 4999 / 2);
  EXPECT_EQ(s.spectral_gap, 1);
}

TEST(Neighbours, WithoutNodesAreVertices) {
  Topology topology;
  for (int v = 0; v < 5; ++v) topology.add_vertex({fmt::format("v{}", v)});
  for (const auto& [a, b] : path_edges(5))
    topology.add_cable({VertexId{a}, VertexId{b}, kCable, 1ms});
  EXPECT_THAT(neighbours_of(topology)->pairs,
              ElementsAre(Pair(0, 1), Pair(1, 2), Pair(2, 3), Pair(3, 4)));
}

TEST(Neighbours, TooManyPairsAreNotListed) {
  // Half of the nodes on each of two switches, and one node between them: 2 x 4.5 million pairs.
  Edges edges{{0, 6001}, {0, 6002}};
  for (int h = 1; h <= 6000; ++h) edges.emplace_back(h, h % 2 == 0 ? 6001 : 6002);
  EXPECT_FALSE(neighbours_of(graph(6001, 2, edges)));
}

}  // namespace
}  // namespace understudy
