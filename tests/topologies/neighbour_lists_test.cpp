#include "topologies/neighbour_lists.hpp"

#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

using testing::ElementsAre;

std::vector<std::vector<std::uint32_t>> of(const TopologyConfig& config) {
  return neighbour_lists(make_topology(config));
}

TEST(Neighbours, OfALineARingAndAMesh) {
  EXPECT_THAT(of(PathConfig{.nodes = 3}),
              ElementsAre(ElementsAre(1), ElementsAre(0, 2), ElementsAre(1)));
  EXPECT_THAT(of(RingConfig{.nodes = 4}), ElementsAre(ElementsAre(1, 3), ElementsAre(0, 2),
                                                      ElementsAre(1, 3), ElementsAre(0, 2)));
  EXPECT_THAT(of(MeshConfig{.nodes = 3}),
              ElementsAre(ElementsAre(1, 2), ElementsAre(0, 2), ElementsAre(0, 1)));
}

// A hub that serves and a switch lie between, and on, nobody.
TEST(Neighbours, MeetAroundHubsAndSwitches) {
  EXPECT_THAT(of(StarConfig{.nodes = 3}),
              ElementsAre(ElementsAre(1, 2), ElementsAre(0, 2), ElementsAre(0, 1)));
  EXPECT_THAT(of(ClusterConfig{.machines = 2, .devices_per_machine = 2}),
              ElementsAre(ElementsAre(1, 2, 3), ElementsAre(0, 2, 3), ElementsAre(0, 1, 3),
                          ElementsAre(0, 1, 2)));
}

TEST(Neighbours, InATreeAreParentAndChildren) {
  EXPECT_THAT(of(TreeConfig{.nodes = 5, .branching = 2}),
              ElementsAre(ElementsAre(1, 2), ElementsAre(0, 3, 4), ElementsAre(0), ElementsAre(1),
                          ElementsAre(1)));
}

}  // namespace
}  // namespace understudy
