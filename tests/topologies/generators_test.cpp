#include "topologies/make_topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <set>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

VertexId vertex_of(const Topology& topology, int rank) {
  return topology.places()[static_cast<std::size_t>(rank)].vertex;
}

Duration latency_between(const Topology& topology, int from, int to) {
  Duration sum{0};
  for (const LinkId id : topology.route(vertex_of(topology, from), vertex_of(topology, to))) {
    sum += topology.links()[id.index()].latency;
  }
  return sum;
}

std::vector<std::string> names_on_route(const Topology& topology, int from, int to) {
  std::vector<std::string> names;
  for (const LinkId id : topology.route(vertex_of(topology, from), vertex_of(topology, to))) {
    names.push_back(topology.link_name(id));
  }
  return names;
}

std::string error_of(const TopologyConfig& config) {
  try {
    make_topology(config);
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "no error";
}

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

TEST(Star, ServesFromTheHub) {
  const Topology topology = make_topology(StarConfig{.nodes = 5, .latency = 10ms});
  ASSERT_EQ(topology.places().size(), 6u);
  for (std::size_t rank = 0; rank < 6; ++rank) EXPECT_EQ(topology.places()[rank].serves, rank == 5);
  EXPECT_EQ(topology.vertices()[topology.places()[5].vertex.index()].name, "hub");
  EXPECT_EQ(latency_between(topology, 0, 5), 10ms);
  EXPECT_EQ(latency_between(topology, 0, 4), 20ms);
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

TEST(EveryShape, IsConnectedAndItsMachinesCountFromZero) {
  const std::vector<TopologyConfig> configs = {
      ClusterConfig{.machines = 3, .devices_per_machine = 2},
      PathConfig{},
      RingConfig{.nodes = 4},
      StarConfig{},
      MeshConfig{},
      TreeConfig{}};
  for (const TopologyConfig& config : configs) {
    const Topology topology = make_topology(config);
    EXPECT_NO_THROW(topology.require_connected());
    std::set<int> machines;
    for (const Place& place : topology.places()) machines.insert(place.machine);
    EXPECT_EQ(*machines.begin(), 0);
    EXPECT_EQ(static_cast<std::size_t>(*machines.rbegin()) + 1, machines.size());
  }
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
              HasSubstr("needs 1 link for all or 3 links, not 2"));
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

TEST(Errors, RefuseWhatNoMachineCouldHold) {
  EXPECT_THAT(error_of(MeshConfig{.nodes = 100'000}), HasSubstr("more than the"));
  EXPECT_THAT(
      error_of(ClusterConfig{.machines = 2'000'000'000, .devices_per_machine = 2'000'000'000}),
      HasSubstr("more than the"));
}

}  // namespace
}  // namespace understudy
