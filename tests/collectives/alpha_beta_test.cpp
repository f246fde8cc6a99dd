// Closed forms of collectives against their textbook values.
#include <gtest/gtest.h>

#include "runtime/collectives/closed_form.hpp"

namespace understudy {
namespace {

constexpr double kLatency = 1e-3, kRate = 125e6, kSize = 100e6, kSend = kSize / kRate;

ClosedFormWorld world_of(std::size_t members, std::size_t in_machine = 1) {
  std::vector<Rank> ranks;
  std::vector<int> machines;
  for (std::size_t i = 0; i < members; ++i) {
    ranks.push_back(Rank{i});
    machines.push_back(static_cast<int>(i / in_machine));
  }
  ClosedFormWorld world;
  world.members.members = ranks;
  world.members.machines = machines;
  world.bottleneck = [](const auto&) { return AlphaBeta{kLatency, kRate}; };
  world.adding_s = [](double) { return 0.0; };
  return world;
}

ClosedForm form_of(CollectiveKind kind, const ClosedFormWorld& world) {
  return closed_form({.kind = kind}, world, kSize);
}

TEST(ClosedForm, Ring) {
  EXPECT_NEAR(form_of(CollectiveKind::kRing, world_of(8)).shared_s, 1.414, 1e-12);
}

TEST(ClosedForm, TreeClimbsAndDescends) {
  EXPECT_NEAR(form_of(CollectiveKind::kTree, world_of(8)).shared_s, 6 * (kLatency + kSend), 1e-12);
  // Two levels of four, and one more for the odd ones.
  EXPECT_NEAR(form_of(CollectiveKind::kTree, world_of(5)).shared_s, 6 * (kLatency + kSend), 1e-12);
}

TEST(ClosedForm, HalvingDoubling) {
  EXPECT_NEAR(form_of(CollectiveKind::kHalvingDoubling, world_of(8)).shared_s,
              6 * kLatency + 2 * 7.0 / 8 * kSend, 1e-12);
  EXPECT_NEAR(form_of(CollectiveKind::kHalvingDoubling, world_of(6)).shared_s,
              2 * (kLatency + kSend) + 4 * kLatency + 2 * 3.0 / 4 * kSend, 1e-12);
}

TEST(ClosedForm, AParameterServersLinkIsShared) {
  const ClosedForm at_rank_0 = form_of(CollectiveKind::kParameterServer, world_of(8));
  EXPECT_NEAR(at_rank_0.shared_s, 11.202, 1e-12);
  EXPECT_NEAR(at_rank_0.alone_s, 2 * (kLatency + kSend), 1e-12);
  ClosedFormWorld dedicated = world_of(8);
  dedicated.members.server = Rank{8};
  EXPECT_NEAR(form_of(CollectiveKind::kParameterServer, dedicated).shared_s, 12.802, 1e-12);
}

// Up and down a tree of four, halving-doubling among two machines in between.
TEST(ClosedForm, Hierarchical) {
  EXPECT_NEAR(form_of(CollectiveKind::kHierarchical, world_of(8, 4)).shared_s,
              4 * (kLatency + kSend) + 2 * kLatency + kSend, 1e-12);
}

TEST(ClosedForm, AddingUpCounts) {
  ClosedFormWorld world = world_of(4);
  world.adding_s = [](double bytes) { return bytes / 1e9; };
  const double all = kSize / 1e9;
  const auto adding = [&](CollectiveKind kind) {
    return form_of(kind, world).shared_s - form_of(kind, world_of(4)).shared_s;
  };
  EXPECT_NEAR(adding(CollectiveKind::kRing), 3 * all / 4, 1e-12);
  EXPECT_NEAR(adding(CollectiveKind::kTree), 2 * all, 1e-12);
  EXPECT_NEAR(adding(CollectiveKind::kHalvingDoubling), 3 * all / 4, 1e-12);
  EXPECT_NEAR(adding(CollectiveKind::kParameterServer), 3 * all, 1e-12);
}

TEST(ClosedForm, NobodyAlone) {
  EXPECT_EQ(form_of(CollectiveKind::kRing, world_of(1)).shared_s, 0);
}

}  // namespace
}  // namespace understudy
