#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <set>

#include "graph.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Cluster, NodesOnOneDeviceShareItsVertex) {
  const Topology topology =
      make_topology(ClusterConfig{.machines = 2, .devices_per_machine = 2, .nodes_per_device = 3});
  const auto places = topology.places();
  ASSERT_EQ(places.size(), 12u);
  for (std::size_t rank = 0; rank < 12; ++rank) {
    EXPECT_EQ(places[rank].vertex, places[rank / 3 * 3].vertex);
    EXPECT_EQ(places[rank].machine, static_cast<int>(rank / 6));
    EXPECT_EQ(places[rank].local_rank, static_cast<int>(rank % 6));
  }
  EXPECT_NE(places[0].vertex, places[3].vertex);
}

TEST(Cluster, HasAVertexForEachMachineAndDeviceAndOneSwitch) {
  const Topology topology =
      make_topology(ClusterConfig{.machines = 3, .devices_per_machine = 4, .device = "a100"});
  EXPECT_EQ(topology.vertices().size(), 3u + 3 * 4 + 1);
  EXPECT_EQ(topology.links().size(), 2u * (3 * 4 + 3));
  EXPECT_EQ(topology.places().size(), 12u);
}

TEST(Cluster, RanksGoMachineByMachine) {
  const Topology topology =
      make_topology(ClusterConfig{.machines = 2, .devices_per_machine = 2, .device = "a100"});
  const Place& third = topology.places()[2];
  EXPECT_EQ(third.machine, 1);
  EXPECT_EQ(third.local_rank, 0);
  EXPECT_EQ(third.device, "a100");
  EXPECT_FALSE(third.serves);
  EXPECT_EQ(topology.vertices()[third.vertex.index()].name, "machine1/device0");
  EXPECT_EQ(topology.places()[1].local_rank, 1);
}

TEST(Cluster, IntraHoldsFromDeviceToDeviceAndInterFromMachineToMachine) {
  const LinkConfig intra{Bandwidth{96e9}, Duration{7}},
      inter{Bandwidth{1e9}, Duration{1001}};  // odd picoseconds
  const Topology topology = make_topology(
      ClusterConfig{.machines = 2, .devices_per_machine = 2, .intra = intra, .inter = inter});
  EXPECT_THAT(names_on_route(topology, 0, 1),
              ElementsAre("machine0/device0->machine0", "machine0->machine0/device1"));
  EXPECT_EQ(latency_between(topology, 0, 1), intra.latency);
  EXPECT_THAT(names_on_route(topology, 0, 3),
              ElementsAre("machine0/device0->machine0", "machine0->switch", "switch->machine1",
                          "machine1->machine1/device1"));
  EXPECT_EQ(latency_between(topology, 0, 3), intra.latency + inter.latency);
}

TEST(Cluster, ASingleDeviceSitsOnItsMachine) {
  const Topology topology =
      make_topology(ClusterConfig{.machines = 8, .inter = {Bandwidth{1e9}, 1ms}});
  EXPECT_EQ(topology.vertices().size(), 9u);
  EXPECT_THAT(names_on_route(topology, 6, 2), ElementsAre("machine6->switch", "switch->machine2"));
  EXPECT_EQ(latency_between(topology, 6, 2), 1ms);
}

TEST(Cluster, OneMachineNeedsNoSwitch) {
  EXPECT_EQ(make_topology(ClusterConfig{.machines = 1, .devices_per_machine = 8}).vertices().size(),
            9u);
  EXPECT_EQ(make_topology(ClusterConfig{}).links().size(), 0u);
}

TEST(Cluster, ADedicatedServerIsOneMoreMachineOnTheSwitch) {
  const Topology topology = make_topology(ClusterConfig{
      .machines = 2, .devices_per_machine = 2, .inter = {Bandwidth{1e9}, 1ms}, .server = true});
  ASSERT_EQ(topology.places().size(), 5u);
  for (std::size_t rank = 0; rank < 5; ++rank) {
    EXPECT_EQ(topology.places()[rank].serves, rank == 4);
  }
  EXPECT_EQ(topology.places()[4].machine, 2);
  EXPECT_EQ(latency_between(topology, 4, 0), 1ms + ClusterConfig{}.intra.latency / 2);
  const Topology alone = make_topology(ClusterConfig{.server = true});
  EXPECT_THAT(names_on_route(alone, 0, 1), ElementsAre("machine0->switch", "switch->server"));
}

TEST(Path, TakesOneLinkForAllOrOneForEachGap) {
  const PathConfig uneven{.nodes = 3, .links = {{Bandwidth{10e6}, 1ms}, {Bandwidth{20e6}, 2ms}}};
  const Topology topology = make_topology(uneven);
  EXPECT_EQ(latency_between(topology, 2, 0), 3ms);
  EXPECT_EQ(
      topology.links()[topology.route(vertex_of(topology, 1), vertex_of(topology, 2))[0].index()]
          .bandwidth,
      Bandwidth{20e6});
  const Topology even = make_topology(PathConfig{.nodes = 5, .links = {{Bandwidth{10e6}, 3ms}}});
  EXPECT_EQ(even.links().size(), 8u);
  EXPECT_EQ(latency_between(even, 0, 4), 12ms);
}

TEST(Ring, GoesTheShorterWayRound) {
  const Topology topology = make_topology(RingConfig{.nodes = 7, .latency = 1ms});
  EXPECT_EQ(topology.links().size(), 14u);
  for (int from = 0; from < 7; ++from) {
    for (int to = 0; to < 7; ++to) {
      const int clockwise = (to - from + 7) % 7;
      EXPECT_EQ(latency_between(topology, from, to), std::min(clockwise, 7 - clockwise) * 1ms);
    }
  }
}

TEST(Ring, OfTwoIsOneCableAndOfOneIsNone) {
  EXPECT_EQ(make_topology(RingConfig{.nodes = 2}).links().size(), 2u);
  EXPECT_EQ(make_topology(RingConfig{.nodes = 1}).links().size(), 0u);
}

TEST(Mesh, LinksEveryPair) {
  const Topology topology = make_topology(MeshConfig{.nodes = 6, .latency = 1ms});
  EXPECT_EQ(topology.links().size(), 30u);
  for (int from = 0; from < 6; ++from) {
    for (int to = 0; to < 6; ++to)
      EXPECT_EQ(names_on_route(topology, from, to).size(), from == to ? 0u : 1u);
  }
}

TEST(Tree, ClimbsToTheCommonParent) {
  const Topology topology = make_topology(TreeConfig{.nodes = 7, .branching = 2});
  EXPECT_EQ(topology.links().size(), 12u);
  EXPECT_THAT(names_on_route(topology, 3, 4), ElementsAre("node3->node1", "node1->node4"));
  EXPECT_THAT(names_on_route(topology, 3, 6),
              ElementsAre("node3->node1", "node1->node0", "node0->node2", "node2->node6"));
  EXPECT_THAT(names_on_route(topology, 0, 5), ElementsAre("node0->node2", "node2->node5"));
}

TEST(Cable, HasRatesOfItsOwnEachWay) {
  const Topology path = make_topology(PathConfig{
      .nodes = 3, .links = {{Bandwidth{10e6}, 1ms, Bandwidth{2e6}}, {Bandwidth{20e6}, 2ms}}});
  const auto links = path.links();
  ASSERT_EQ(links.size(), 4u);
  EXPECT_EQ(path.link_name(LinkId{0}), "node0->node1");
  EXPECT_EQ(links[0].bandwidth, Bandwidth{10e6});
  EXPECT_EQ(links[1].bandwidth, Bandwidth{2e6});
  EXPECT_EQ(links[1].latency, 1ms);
  EXPECT_EQ(links[3].bandwidth, Bandwidth{20e6});
  for (const Link& link : links) EXPECT_FALSE(link.medium.has_value());
}

TEST(Cable, OfHalfDuplexIsAMediumOfItsOwn) {
  const LinkConfig half{.duplex = Duplex::kHalf};
  const Topology path = make_topology(PathConfig{.nodes = 4, .links = {half, {}, half}});
  const auto links = path.links();
  ASSERT_EQ(links.size(), 6u);
  ASSERT_TRUE(links[0].medium && links[4].medium);
  EXPECT_EQ(links[0].medium, links[1].medium);
  EXPECT_EQ(links[4].medium, links[5].medium);
  EXPECT_NE(links[0].medium, links[4].medium);
  EXPECT_FALSE(links[2].medium || links[3].medium);
}

TEST(Cable, OfAClusterFollowsIntraAndInter) {
  const Topology topology =
      make_topology(ClusterConfig{.machines = 2,
                                  .devices_per_machine = 2,
                                  .intra = {.duplex = Duplex::kHalf},
                                  .inter = {Bandwidth{4e9}, 200us, Bandwidth{1e9}}});
  std::set<std::uint32_t> media;
  for (std::uint32_t i = 0; i < topology.links().size(); ++i) {
    const Link& link = topology.links()[i];
    const std::string name = topology.link_name(LinkId{i});
    EXPECT_EQ(link.medium.has_value(), name.find("switch") == std::string::npos) << name;
    if (link.medium) media.insert(link.medium->value);
    if (name.starts_with("switch")) {
      EXPECT_EQ(link.bandwidth, Bandwidth{1e9});
    } else if (name.ends_with("switch")) {
      EXPECT_EQ(link.bandwidth, Bandwidth{4e9});
    }
  }
  EXPECT_THAT(media, ElementsAre(0, 1, 2, 3));  // one for each device
}

TEST(EveryShape, IsConnectedAndItsMachinesCountFromZero) {
  for (const TopologyConfig& config : one_of_each()) {
    const Topology topology = make_topology(config);
    EXPECT_NO_THROW(topology.require_connected());
    std::set<int> machines;
    for (const Place& place : topology.places()) machines.insert(place.machine);
    EXPECT_EQ(*machines.begin(), 0);
    EXPECT_EQ(static_cast<std::size_t>(*machines.rbegin()) + 1, machines.size());
  }
}

TEST(EveryShape, SeatsAsManyAsItSays) {
  for (const TopologyConfig& config : one_of_each()) {
    const Topology topology = make_topology(config);
    const Seating seats = seating(config);
    EXPECT_EQ(seats.nodes(), static_cast<int>(topology.places().size()));
    for (std::size_t rank = 0; rank < topology.places().size(); ++rank) {
      const Place& place = topology.places()[rank];
      EXPECT_EQ(place.serves, static_cast<int>(rank) >= seats.workers);
      if (!place.serves) {
        EXPECT_EQ(place.machine, static_cast<int>(rank) / seats.workers_per_machine);
        EXPECT_EQ(place.local_rank, static_cast<int>(rank) % seats.workers_per_machine);
      }
      EXPECT_EQ(place.device, "a100");
    }
  }
}

TEST(EveryShape, IsTheSameAgain) {
  for (const TopologyConfig& config : one_of_each())
    EXPECT_TRUE(same_links(make_topology(config), make_topology(config)));
}

TEST(Errors, NameTheFieldAndTheValue) {
  EXPECT_THAT(error_of(ClusterConfig{.machines = 0}), HasSubstr("machines of at least 1, not 0"));
  EXPECT_THAT(error_of(ClusterConfig{.devices_per_machine = -2}),
              HasSubstr("devices_per_machine of at least 1, not -2"));
  EXPECT_THAT(error_of(ClusterConfig{.inter = {Bandwidth{0}, 1ms}}),
              HasSubstr("bandwidth of inter must be greater than zero"));
  EXPECT_THAT(error_of(ClusterConfig{.intra = {Bandwidth{1e9}, -1ms}}),
              HasSubstr("latency of intra must not be negative"));
  EXPECT_THAT(error_of(PathConfig{.nodes = 4, .links = {{}, {}}}),
              HasSubstr("2 links are neither 1 for all nor the 3 between 4 nodes"));
  EXPECT_THAT(error_of(PathConfig{.nodes = 3, .links = {{}, {Bandwidth{-1}, 0ms}}}),
              HasSubstr("links[1]"));
  EXPECT_THAT(error_of(RingConfig{.nodes = 0}), HasSubstr("a ring needs nodes"));
  EXPECT_THAT(error_of(RingConfig{.latency = -1ms}), HasSubstr("latency of a ring"));
  EXPECT_THAT(error_of(StarConfig{.nodes = 0}), HasSubstr("a star needs nodes"));
  EXPECT_THAT(error_of(StarConfig{.bandwidth = Bandwidth{0}}), HasSubstr("bandwidth of a star"));
  EXPECT_THAT(error_of(MeshConfig{.nodes = -1}), HasSubstr("a mesh needs nodes"));
  EXPECT_THAT(error_of(TreeConfig{.nodes = 0}), HasSubstr("a tree needs nodes"));
  EXPECT_THAT(error_of(TreeConfig{.branching = 0}), HasSubstr("a tree needs branching"));
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_THAT(error_of(StarConfig{.bandwidth = Bandwidth{infinite}}),
              HasSubstr("bandwidth of a star"));
}

TEST(Errors, NameValuesOutOfBounds) {
  EXPECT_THAT(error_of(GridConfig{.rows = 0}), HasSubstr("a grid needs rows of at least 1"));
  EXPECT_THAT(error_of(TorusConfig{.columns = -3}), HasSubstr("a torus needs columns"));
  EXPECT_THAT(error_of(HypercubeConfig{.dimensions = -1}), HasSubstr("dimensions from 0 to 20"));
  EXPECT_THAT(error_of(FatTreeConfig{.ports = 0}), HasSubstr("ports from 2 to 128, not 0"));
  EXPECT_THAT(error_of(WanConfig{.regions = 0}), HasSubstr("regions of at least 1"));
  EXPECT_THAT(error_of(WanConfig{.wide = {Bandwidth{1e9}, -1ms}}), HasSubstr("latency of wide"));
  EXPECT_THAT(error_of(RandomRegularConfig{.degree = 0}), HasSubstr("degree of at least 1"));
  EXPECT_THAT(error_of(ErdosRenyiConfig{.probability = 1.5}), HasSubstr("probability from 0 to 1"));
  EXPECT_THAT(error_of(ErdosRenyiConfig{.probability = std::nan("")}), HasSubstr("probability"));
  EXPECT_THAT(error_of(WattsStrogatzConfig{.neighbours = 0}),
              HasSubstr("neighbours of at least 1"));
  EXPECT_THAT(error_of(WattsStrogatzConfig{.rewire = -0.1}), HasSubstr("rewire from 0 to 1"));
  EXPECT_THAT(error_of(BarabasiAlbertConfig{.edges = 0}), HasSubstr("edges of at least 1"));
  EXPECT_THAT(error_of(RandomGeometricConfig{.radius = -1}), HasSubstr("radius from 0 to 1.5"));
  EXPECT_THAT(error_of(StarConfig{.classes = {{.share = 0}}}), HasSubstr("share of classes[0]"));
  EXPECT_THAT(error_of(StarConfig{.classes = {{}, {.up = Bandwidth{0}}}}),
              HasSubstr("bandwidth of classes[1]"));
}

// What does not fit, as key: sentence.
std::string misfit_of(const TopologyConfig& config) {
  const auto found = misfit(config);
  return found ? found->key + ": " + found->sentence : "";
}

TEST(Misfit, NamesTheKey) {
  const LinkConfig both{.back = Bandwidth{1e6}, .duplex = Duplex::kHalf};
  const std::string half = "a half duplex link has one bandwidth, which both directions share";
  EXPECT_EQ(misfit_of(PathConfig{.nodes = 3, .links = {{}, both}}), "links[1].back: " + half);
  EXPECT_EQ(misfit_of(ClusterConfig{.intra = both}), "intra.back: " + half);
  EXPECT_EQ(misfit_of(ClusterConfig{.inter = both}), "inter.back: " + half);
  EXPECT_EQ(misfit_of(WanConfig{.wide = both}), "wide.back: " + half);
  EXPECT_EQ(misfit_of(WanConfig{.local = both}), "local.back: " + half);
  EXPECT_EQ(misfit_of(StarConfig{.spread = 0.5}),
            "spread: only the rates of 'classes' spread, and there are none");
  EXPECT_EQ(misfit_of(FatTreeConfig{.ports = 5}),
            "ports: half of a switch's ports lead up, so 5 of them must be even");
  EXPECT_EQ(misfit_of(RandomRegularConfig{.nodes = 4, .degree = 4}),
            "degree: 4 neighbours need at least 5 nodes, and there are 4");
  EXPECT_THAT(misfit_of(RandomRegularConfig{.nodes = 5, .degree = 3}),
              HasSubstr("degree: 5 nodes"));
  EXPECT_THAT(misfit_of(RandomRegularConfig{.nodes = 4, .degree = 1}), HasSubstr("pairs"));
  EXPECT_THAT(misfit_of(WattsStrogatzConfig{.neighbours = 3}), HasSubstr("neighbours: half"));
  EXPECT_THAT(misfit_of(WattsStrogatzConfig{.nodes = 4, .neighbours = 4}),
              HasSubstr("need at least 5 nodes"));
  EXPECT_THAT(misfit_of(BarabasiAlbertConfig{.nodes = 2, .edges = 2}),
              HasSubstr("edges: 2 neighbours need at least 3 nodes"));
  EXPECT_EQ(error_of(FatTreeConfig{.ports = 5}),
            "half of a switch's ports lead up, so 5 of them must be even");
  for (const TopologyConfig& config : one_of_each()) EXPECT_EQ(misfit_of(config), "");
}

TEST(Errors, RefuseWhatNoMachineCouldHold) {
  EXPECT_THAT(error_of(GridConfig{.rows = 4096, .columns = 4096}), HasSubstr("more than the"));
  EXPECT_THAT(error_of(HypercubeConfig{.dimensions = 20}), HasSubstr("more than the"));
  EXPECT_THAT(error_of(WanConfig{.regions = 1024, .machines_per_region = 100'000}),
              HasSubstr("more than the"));
  EXPECT_THAT(error_of(RandomRegularConfig{.nodes = 100'000, .degree = 1024}),
              HasSubstr("more than the"));
  EXPECT_THAT(error_of(ErdosRenyiConfig{.nodes = 100'000}), HasSubstr("more than the"));
  EXPECT_THAT(error_of(RandomGeometricConfig{.nodes = 100'000}), HasSubstr("more than the"));
  EXPECT_THAT(error_of(MeshConfig{.nodes = 100'000}), HasSubstr("more than the"));
  EXPECT_THAT(
      error_of(ClusterConfig{.machines = 2'000'000'000, .devices_per_machine = 2'000'000'000}),
      HasSubstr("more than the"));
}

}  // namespace
}  // namespace understudy
