// Regular graphs against their closed forms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <chrono>
#include <cstdlib>

#include "graph.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::size_t hops(const Topology& topology, int from, int to) {
  return topology.route(vertex_of(topology, from), vertex_of(topology, to)).size();
}

TEST(Grid, IsAsFarAsRowsAndColumnsDiffer) {
  const int rows = 3, columns = 5;
  const Topology topology =
      make_topology(GridConfig{.rows = rows, .columns = columns, .latency = 1ms});
  EXPECT_EQ(topology.vertices().size(), 15u);
  EXPECT_EQ(topology.links().size(), 2u * (rows * (columns - 1) + columns * (rows - 1)));
  EXPECT_TRUE(is_simple(topology));
  EXPECT_EQ(diameter(topology), 6u);
  for (int a = 0; a < 15; ++a) {
    for (int b = 0; b < 15; ++b) {
      const int apart = std::abs(a / columns - b / columns) + std::abs(a % columns - b % columns);
      EXPECT_EQ(latency_between(topology, a, b), apart * 1ms);
    }
  }
}

TEST(Grid, MayBeALineOrANode) {
  EXPECT_EQ(make_topology(GridConfig{.rows = 1, .columns = 4}).links().size(), 6u);
  EXPECT_EQ(make_topology(GridConfig{.rows = 1, .columns = 1}).links().size(), 0u);
}

TEST(Torus, GoesTheShorterWayRoundBothWays) {
  const int rows = 4, columns = 5;
  const Topology topology =
      make_topology(TorusConfig{.rows = rows, .columns = columns, .latency = 1ms});
  EXPECT_EQ(topology.links().size(), 2u * 2 * rows * columns);
  EXPECT_TRUE(is_simple(topology));
  EXPECT_EQ(diameter(topology), 2u + 2u);
  for (const auto& neighbours : neighbours_in(topology)) EXPECT_EQ(neighbours.size(), 4u);
  const auto around = [](int difference, int size) {
    return std::min(std::abs(difference), size - std::abs(difference));
  };
  for (int a = 0; a < 20; ++a) {
    for (int b = 0; b < 20; ++b) {
      const int apart =
          around(a / columns - b / columns, rows) + around(a % columns - b % columns, columns);
      EXPECT_EQ(latency_between(topology, a, b), apart * 1ms);
    }
  }
}

TEST(Torus, LeavesRowsAndColumnsOfTwoOpen) {
  const Topology topology = make_topology(TorusConfig{.rows = 2, .columns = 3});
  EXPECT_TRUE(is_simple(topology));
  EXPECT_EQ(topology.links().size(), 2u * (2 * 3 + 3));
  EXPECT_EQ(make_topology(TorusConfig{.rows = 2, .columns = 2}).links().size(), 8u);
  EXPECT_EQ(make_topology(TorusConfig{.rows = 1, .columns = 5}).links().size(), 10u);
  EXPECT_EQ(make_topology(TorusConfig{.rows = 1, .columns = 1}).links().size(), 0u);
}

TEST(Hypercube, IsAsFarAsBitsDiffer) {
  for (const int d : {0, 1, 2, 3, 5}) {
    const Topology topology = make_topology(HypercubeConfig{.dimensions = d, .latency = 1ms});
    const unsigned size = 1u << d;
    EXPECT_EQ(topology.vertices().size(), size);
    EXPECT_EQ(topology.links().size(), static_cast<unsigned>(d) * size);
    EXPECT_EQ(diameter(topology), static_cast<std::size_t>(d));
    EXPECT_TRUE(is_simple(topology));
    for (unsigned a = 0; a < size; ++a) {
      for (unsigned b = 0; b < size; ++b)
        EXPECT_EQ(hops(topology, static_cast<int>(a), static_cast<int>(b)),
                  static_cast<std::size_t>(std::popcount(a ^ b)));
    }
  }
}

TEST(FatTree, HasTheCountsOfAlFares) {
  for (const std::size_t k : {2u, 4u, 6u}) {
    const Topology topology = make_topology(FatTreeConfig{.ports = static_cast<int>(k)});
    const std::size_t hosts = k * k * k / 4;
    EXPECT_EQ(topology.places().size(), hosts);
    EXPECT_EQ(topology.vertices().size(), hosts + 5 * k * k / 4);
    EXPECT_EQ(topology.links().size(), 2 * 3 * hosts);  // as many on each of three levels
    EXPECT_TRUE(is_simple(topology));
    EXPECT_EQ(diameter(topology), 6u);
    const Neighbours neighbours = neighbours_in(topology);
    for (std::size_t v = 0; v < neighbours.size(); ++v) {
      const bool is_switch = topology.vertices()[v].kind == VertexKind::kSwitch;
      EXPECT_EQ(neighbours[v].size(), is_switch ? k : 1) << topology.vertices()[v].name;
    }
  }
}

TEST(FatTree, IsTwoFourOrSixHopsWide) {
  const int k = 4, per_edge = k / 2, per_pod = k * k / 4;
  const Topology topology = make_topology(FatTreeConfig{.ports = k, .latency = 1us});
  for (int a = 0; a < 16; ++a) {
    for (int b = 0; b < 16; ++b) {
      const std::size_t expected = a == b                         ? 0
                                   : a / per_edge == b / per_edge ? 2
                                   : a / per_pod == b / per_pod   ? 4
                                                                  : 6;
      EXPECT_EQ(hops(topology, a, b), expected) << a << " to " << b;
    }
  }
}

// Core switches of aggregation switch a are a k/2 .. a k/2 + k/2 - 1, the same in every pod.
TEST(FatTree, JoinsPodsByTheAggregationSwitchOfOneNumber) {
  const Topology topology = make_topology(FatTreeConfig{.ports = 4});
  EXPECT_THAT(names_on_route(topology, 0, 3),
              ElementsAre("node0->pod0/edge0", "pod0/edge0->pod0/aggregation0",
                          "pod0/aggregation0->pod0/edge1", "pod0/edge1->node3"));
  std::set<std::string> cables;
  for (std::uint32_t i = 0; i < topology.links().size(); ++i)
    cables.insert(topology.link_name(LinkId{i}));
  for (const std::string pod : {"pod0", "pod1", "pod2", "pod3"}) {
    EXPECT_TRUE(cables.contains(pod + "/aggregation0->core0"));
    EXPECT_TRUE(cables.contains(pod + "/aggregation0->core1"));
    EXPECT_TRUE(cables.contains(pod + "/aggregation1->core2"));
    EXPECT_TRUE(cables.contains(pod + "/aggregation1->core3"));
  }
}

TEST(Wan, JoinsRegionsByTheirRouters) {
  const Topology topology = make_topology(WanConfig{.regions = 4,
                                                    .machines_per_region = 3,
                                                    .local = {Bandwidth{10e9}, 50us},
                                                    .wide = {Bandwidth{1e9}, 40ms}});
  EXPECT_EQ(topology.vertices().size(), 4u * (3 + 1));
  EXPECT_EQ(topology.links().size(), 2u * (4 * 3 + 4 * 3 / 2));
  EXPECT_THAT(names_on_route(topology, 1, 2),
              ElementsAre("region0/machine1->region0", "region0->region0/machine2"));
  EXPECT_THAT(
      names_on_route(topology, 1, 11),
      ElementsAre("region0/machine1->region0", "region0->region3", "region3->region3/machine2"));
  EXPECT_EQ(latency_between(topology, 1, 2), 100us);
  EXPECT_EQ(latency_between(topology, 1, 11), 40ms + 100us);
}

TEST(Wan, HasRegionsForMachines) {
  const WanConfig config{.regions = 3, .machines_per_region = 2};
  const Topology topology = make_topology(config);
  EXPECT_EQ(topology.places()[3].machine, 1);
  EXPECT_EQ(topology.places()[3].local_rank, 1);
  EXPECT_EQ(seating(config).machines(), 3);
}

TEST(Wan, TakesRatesBothWaysAndMedia) {
  const Topology topology = make_topology(WanConfig{.regions = 2,
                                                    .machines_per_region = 1,
                                                    .local = {Bandwidth{1e6}, 1ms, Bandwidth{8e6}},
                                                    .wide = {.duplex = Duplex::kHalf}});
  const auto links = topology.links();
  ASSERT_EQ(links.size(), 6u);
  EXPECT_EQ(topology.link_name(LinkId{0}), "region0/machine0->region0");
  EXPECT_EQ(links[0].bandwidth, Bandwidth{1e6});
  EXPECT_EQ(links[1].bandwidth, Bandwidth{8e6});
  EXPECT_FALSE(links[0].medium);
  EXPECT_TRUE(links[4].medium);
  EXPECT_EQ(links[4].medium, links[5].medium);
}

}  // namespace
}  // namespace understudy
