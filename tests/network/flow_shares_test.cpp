#include "sim/network/flow_shares.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "runtime/base/errors.hpp"
#include "tests/network/traffic.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

// node0 - node1 - node2, 1 ms and 3 ms.
Topology two_hops() {
  return path({{Bandwidth{kMegabytePerSecond}, 1ms}, {Bandwidth{kMegabytePerSecond}, 3ms}});
}

FlowShare share_of(const FairShareConfig& config, const Topology& topology, int from, int to) {
  const auto route = topology.route(VertexId{from}, VertexId{to});
  Duration latency{0};
  for (const LinkId id : route) latency += topology.links()[id.index()].latency;
  return FlowShares(config, topology).of(route, latency);
}

TEST(FlowShares, TakesTheLastEntryThatFits) {
  const Topology topology = two_hops();
  const FairShareConfig config{.shares = {{.from = "*", .to = "node?", .weight = 2},
                                          {.from = "node0", .weight = 3, .cap = Bandwidth{8e3}},
                                          {.from = "node1", .to = "node0", .weight = 5}}};
  EXPECT_EQ(share_of(config, topology, 2, 0).weight, 2);
  EXPECT_EQ(share_of(config, topology, 0, 2).weight, 3);
  EXPECT_EQ(share_of(config, topology, 0, 2).cap_bytes_per_s, 1e3);
  EXPECT_EQ(share_of(config, topology, 1, 0).weight, 5);
  EXPECT_EQ(share_of(config, topology, 1, 0).cap_bytes_per_s,
            std::numeric_limits<double>::infinity());
}

TEST(FlowShares, WeighsByTheInverseOfTheLatency) {
  const Topology topology = two_hops();
  const FairShareConfig config{.fairness = Fairness::kInverseLatency,
                               .shares = {{.from = "node2", .weight = 2}}};
  EXPECT_DOUBLE_EQ(share_of(config, topology, 0, 1).weight, 1000);
  EXPECT_DOUBLE_EQ(share_of(config, topology, 0, 2).weight, 250);
  EXPECT_DOUBLE_EQ(share_of(config, topology, 2, 0).weight, 500);
  const Topology immediate = path({{Bandwidth{kMegabytePerSecond}, 0ms}});
  EXPECT_EQ(share_of({.fairness = Fairness::kInverseLatency}, immediate, 0, 1).weight, 1);
}

TEST(FlowShares, RefusesPatternsThatFitNothing) {
  const Topology topology = two_hops();
  try {
    FlowShares({.shares = {{.from = "nod1"}}}, topology);
    FAIL();
  } catch (const ScenarioError& error) {
    EXPECT_STREQ(error.what(), "no vertex of the topology is called 'nod1'; did you mean 'node1'?");
  }
}

}  // namespace
}  // namespace understudy
