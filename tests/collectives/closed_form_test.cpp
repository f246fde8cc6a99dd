// The time of a collective against its alpha-beta form: S = 100 MB, B = 1 Gbit/s, a = 1 ms from
// host to host.
#include <gtest/gtest.h>

#include "tests/collectives/harness.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSize = 100'000'000;
constexpr double kLatency = 1e-3, kTransfer = 0.8;  // S/B in seconds
constexpr double kTolerance = 1e-9;

Topology hosts(int n, bool server = false) {
  return make_topology(
      ClusterConfig{.machines = n, .inter = {Bandwidth{1e9}, 1ms}, .server = server});
}

TEST(ClosedForm, RingOf8) {
  // 2 (n-1) (a + S/(nB)) = 14 (1 ms + 100 ms) = 1.414 s
  const double expected = 14 * (kLatency + kTransfer / 8);
  EXPECT_NEAR(expected, 1.414, 1e-12);
  EXPECT_NEAR(allreduce_seconds(hosts(8), {}, kSize), expected, kTolerance);
  EXPECT_NEAR(allreduce_seconds(hosts(8), {}, kSize, IdealConfig{}), expected, kTolerance);
}

TEST(ClosedForm, RingOf256AsSimGridHasIt) {
  // 100 MB / 256 = 390,625 bytes exactly; SimGrid gives 2.10375 s.
  EXPECT_NEAR(allreduce_seconds(hosts(256), {}, kSize), 510 * (kLatency + kTransfer / 256),
              kTolerance);
}

TEST(ClosedForm, DedicatedServerOf8) {
  // Eight flows share the ninth host's port, both ways: 2 (a + 8 S/B) = 12.802 s
  const double expected = 2 * (kLatency + 8 * kTransfer);
  EXPECT_NEAR(expected, 12.802, 1e-12);
  const CollectiveConfig server{.kind = CollectiveKind::kParameterServer,
                                .server = ServerPlacement::kDedicated};
  EXPECT_NEAR(allreduce_seconds(hosts(8, true), server, kSize), expected, kTolerance);
}

TEST(ClosedForm, Rank0AsServerOf8) {
  // 2 (a + 7 S/B) = 11.202 s
  const double expected = 2 * (kLatency + 7 * kTransfer);
  EXPECT_NEAR(expected, 11.202, 1e-12);
  EXPECT_NEAR(allreduce_seconds(hosts(8), {.kind = CollectiveKind::kParameterServer}, kSize),
              expected, kTolerance);
}

TEST(ClosedForm, TreeOf8) {
  // Up: three rounds of a + S/B. Down: member 0 sends to 4, 2 and 1 at once, so its port takes 3
  // S/B for all; the others' onward sends: 4 has it at a + 3 S/B, then feeds 6 and 5 in a + 2 S/B,
  // then 6 feeds 7 in a + S/B.
  const double up = 3 * (kLatency + kTransfer);
  const double down = 3 * kLatency + (3 + 2 + 1) * kTransfer;
  EXPECT_NEAR(allreduce_seconds(hosts(8), {.kind = CollectiveKind::kTree}, kSize), up + down,
              kTolerance);
}

TEST(ClosedForm, HalvingDoublingOf8) {
  // 2 log2(n) a + 2 (n-1)/n S/B
  const double expected = 6 * kLatency + 2 * 7.0 / 8 * kTransfer;
  EXPECT_NEAR(allreduce_seconds(hosts(8), {.kind = CollectiveKind::kHalvingDoubling}, kSize),
              expected, kTolerance);
}

TEST(ClosedForm, HierarchicalOnTwoMachinesOfTwo) {
  // Inside (i): one round up, one down; across: halving-doubling of 2, that is 2 a + S/B.
  const Topology cluster = make_topology(ClusterConfig{.machines = 2,
                                                       .devices_per_machine = 2,
                                                       .intra = {Bandwidth{8e9}, 10us},
                                                       .inter = {Bandwidth{1e9}, 1ms}});
  const double inside = 10e-6 + 0.1;
  // From device to device of two machines: half of intra at each end, and inter.
  const double across = 2 * (10e-6 + kLatency) + kTransfer;
  EXPECT_NEAR(allreduce_seconds(cluster, {.kind = CollectiveKind::kHierarchical}, kSize),
              2 * inside + across, kTolerance);
}

}  // namespace
}  // namespace understudy
