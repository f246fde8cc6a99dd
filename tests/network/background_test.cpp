// Traffic of others: what it carries, what it leaves to those who wait, and that it makes no
// difference when it is played.
#include "sim/network/background.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cmath>

#include "runtime/base/errors.hpp"
#include "tests/network/dynamics.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

Topology path(int nodes, Duration latency = Duration{0}) {
  return make_topology(PathConfig{.nodes = nodes, .links = {{Bandwidth{8e6}, latency}}});
}

Dynamics beside(const BackgroundConfig& source, std::size_t kind = 2, Topology topology = path(2)) {
  return Dynamics(with_conditions(kind, {.background = {source}}), {}, std::move(topology));
}

// Of every 0.25 s the source takes 62,500 bytes of 250,000, whether evenly or in turns.
TEST(Background, AConstantRateLeavesTheRestOfALink) {
  for (const Duration latency : {0ms, 250ms}) {
    Dynamics network = beside(ConstantTraffic{"node0", "node1", Bandwidth{2e6}, Bytes{62'500}}, 2,
                              path(2, latency));
    network.start(0, 1, 7'500'000);
    network.run_to_the_end();
    EXPECT_NEAR(network.end_s(0), 10 + to_seconds(latency), 1e-9);
  }
}

TEST(Background, IdealTransfersDoNotNoticeIt) {
  Dynamics network = beside(ConstantTraffic{"node0", "node1", Bandwidth{8e6}}, 0);
  network.start(0, 1, 1'000'000);
  network.run_to_the_end();
  EXPECT_EQ(network.end_s(0), 1);
}

// A message takes 3 x 62.5 ms and 3 x 50 ms, but one starts every 125 ms: the 80th at 9.875 s.
TEST(Background, KeepsItsRateWhereMessagesAreStoredAndForwarded) {
  Dynamics network =
      beside(ConstantTraffic{"node0", "node3", Bandwidth{4e6}, Bytes{62'500}}, 1, path(4, 50ms));
  network.run_to(10);
  EXPECT_EQ(network.bytes(0), 80 * 62'500);
}

// A source gives way: it never has more than one message in a share of its own.
TEST(Background, WaitsForTheMessageBefore) {
  const Topology topology = path(2);
  BackgroundTraffic traffic({ConstantTraffic{"node0", "node1", Bandwidth{8e6}, Bytes{1000}}},
                            topology, false, 1);
  EXPECT_EQ(traffic.next(), kStart);
  ASSERT_EQ(traffic.take_next().size(), 1u);
  EXPECT_EQ(traffic.next(), kNever);
  traffic.ended(0, kStart + 300us);  // early: the next one has its time
  EXPECT_EQ(traffic.next(), kStart + 1ms);
  ASSERT_EQ(traffic.take_next().size(), 1u);
  traffic.ended(0, kStart + 5ms);  // late
  EXPECT_EQ(traffic.next(), kStart + 5ms);
}

// Each second on carries a second's bytes: three messages of 300 kB and one of 100 kB.
TEST(Background, OnAndOffCarriesItsRateWhileOn) {
  const OnOffTraffic source{.from = "node0",
                            .to = "node1",
                            .rate = Bandwidth{8e6},
                            .message = Bytes{300'000},
                            .on = ConstantDuration{1s},
                            .off = ConstantDuration{3s}};
  for (const std::size_t kind : {0u, 2u}) {
    Dynamics network = beside(source, kind);
    network.run_to(38);
    EXPECT_EQ(network.bytes(0), 10 * 1'000'000) << kind;  // on 0..1, 4..5, ..., 36..37
    EXPECT_EQ(network.network().statistics()[0].messages, 40) << kind;
    EXPECT_EQ(network.network().statistics()[0].busy, 10s) << kind;
  }
}

// An alternating renewal process as churn's, with means of 3 s and 1 s: see there.
TEST(Background, OnAndOffIsOnForItsShareOfTheTime) {
  Dynamics network = beside(OnOffTraffic{.from = "node0",
                                         .to = "node1",
                                         .rate = Bandwidth{8e6},
                                         .message = Bytes{1'000'000},
                                         .on = ExponentialDuration{3s},
                                         .off = ExponentialDuration{1s}},
                            0);
  network.run_to(20'000);
  const double share = static_cast<double>(network.bytes(0)) / 20'000e6;
  EXPECT_NEAR(share, 0.75, 5 * std::sqrt(0.28125 / 20'000));
}

// A compound Poisson process: in T = 1000 s 1e9 bytes, with variance l T E[S^2] = 2e13.
TEST(Background, PoissonFlowsCarryTheirMeanLoad) {
  Dynamics network = beside(
      PoissonTraffic{"node0", "node1", 100, Bytes{10'000}, SizeDistribution::kExponential}, 0);
  network.run_to(1000);
  EXPECT_NEAR(static_cast<double>(network.bytes(0)), 1e9, 5 * std::sqrt(2e13));
}

// A third of the mean at least, and half of them below least x 2^(2/3).
TEST(Background, ParetoSizesHaveTheirMedian) {
  constexpr int kFlows = 20'000;
  const Topology topology = path(2);
  BackgroundTraffic traffic(
      {PoissonTraffic{"node0", "node1", 10, Bytes{3'000'000}, SizeDistribution::kPareto}}, topology,
      false, 1);
  const double least = 1e6, median = least * std::pow(2.0, 2.0 / 3);
  int below = 0;
  TimePoint last = kStart;
  for (int i = 0; i < kFlows; ++i) {
    last = traffic.next();
    const auto starting = traffic.take_next();
    ASSERT_EQ(starting.size(), 1u);
    const auto bytes = static_cast<double>(starting[0].transfer.size.count);
    EXPECT_GE(bytes, least);
    below += bytes < median ? 1 : 0;
    traffic.ended(0, last);
  }
  EXPECT_NEAR(below, kFlows / 2, 5 * 0.5 * std::sqrt(kFlows));
  EXPECT_NEAR(to_seconds(last), kFlows / 10.0, 5 * std::sqrt(kFlows) / 10);
}

TEST(Background, FlowsThatPileUpFailTheRun) {
  Dynamics network =
      beside(PoissonTraffic{"node0", "node1", 1000, Bytes{1'000'000}, SizeDistribution::kConstant});
  try {
    network.run_to(100);
    FAIL();
  } catch (const RunError& problem) {
    EXPECT_THAT(problem.what(),
                testing::MatchesRegex("the background traffic from 'node0' to 'node1' exceeds what "
                                      "its links carry: at [0-9.]+s 4096 of its flows are under "
                                      "way"));
  }
}

TEST(Background, FallsSilentOverALinkThatIsGone) {
  for (const std::size_t kind : {0u, 1u, 2u}) {
    const std::vector<BackgroundConfig> sources{
        ConstantTraffic{"node0", "node1", Bandwidth{4e6}, Bytes{100'000}},
        PoissonTraffic{"node0", "node1", 1000, Bytes{10}},
        ConstantTraffic{"node1", "node0", Bandwidth{4e6}, Bytes{100'000}}};
    Dynamics network(with_conditions(kind, {.background = sources}),
                     {LinkOutage{"node0->node1", 2s, {}}}, path(2));
    network.run_to(2);
    const std::int64_t gone = network.bytes(0);
    network.run_to(30);
    EXPECT_EQ(network.bytes(0), gone) << kind;
    EXPECT_GT(network.bytes(1), 100 * 100'000) << kind;
  }
}

TEST(Background, RefusesWhatIsNoTraffic) {
  const auto said = [](const BackgroundConfig& source) -> std::string {
    try {
      beside(source);
    } catch (const ScenarioError& problem) {
      return problem.what();
    }
    return "";
  };
  EXPECT_EQ(said(PoissonTraffic{"node0", "nude1"}),
            "no vertex of the topology is called 'nude1'; did you mean 'node1'?");
  EXPECT_EQ(said(ConstantTraffic{"node*", "node1"}),
            "no vertex of the topology is called 'node*'; did you mean 'node0'?");
  EXPECT_EQ(said(ConstantTraffic{"node0", "node0"}),
            "background traffic from 'node0' to itself crosses no link");
  EXPECT_EQ(said(ConstantTraffic{"node0", "node1", Bandwidth{1e12}, Bytes{1}}),
            "background traffic of 1Tbit/s in messages of 1B sends more than one in a nanosecond; "
            "larger ones would do");
}

// Two nodes apart from the path, whose endless transfer keeps the network awake: with it, every
// change and every message of others is waited for. Without it all of that is caught up with.
struct Outcome {
  std::vector<std::optional<Dynamics::Ending>> endings;
  std::vector<std::vector<std::int64_t>> statistics;
  std::size_t steps = 0;
};

Outcome run(std::size_t kind, std::uint64_t seed, bool eager) {
  TraceFiles files;
  Topology topology = path(4, 1ms);
  const VertexId a = topology.add_vertex({"apart"}), b = topology.add_vertex({"away"});
  topology.add_cable({a, b, Bandwidth{1}, 0s});
  const NetworkConditions conditions{
      .traces = {files.csv("node1<->node2", "0,8e6\n0.7,3e6\n1.1,0\n1.3,9e6\n2,1\n", true),
                 MahimahiTrace{"node2->node3",
                               {UNDERSTUDY_SOURCE_DIR "/scenarios/traces/lte_like.up"},
                               20ms}},
      .background = {ConstantTraffic{"node0", "node3", Bandwidth{1e6}, Bytes{10'000}},
                     OnOffTraffic{"node3", "node0", Bandwidth{2e6}, Bytes{10'000}},
                     PoissonTraffic{"node0", "node2", 5, Bytes{20'000}}}};
  const FaultsConfig faults{Churn{"node1", ExponentialDuration{20s}, ExponentialDuration{1s}},
                            Flapping{"node2->node3", 3s, 500ms, 7s, std::nullopt},
                            LinkOutage{"node3->node2", 250s, {}}};
  Dynamics network(with_conditions(kind, conditions), faults, std::move(topology), seed);
  if (eager) network.start(4, 5, std::int64_t{1} << 50);
  RandomStream random({.seed = seed, .purpose = Purpose::kTest});
  for (int i = 0; i < 60; ++i) {
    const TimePoint next = network.now() + from_seconds(random.uniform(0, 10));
    network.run_to(next);
    const auto from = static_cast<int>(random.below(4)), to = static_cast<int>(random.below(4));
    network.start(from, to, static_cast<std::int64_t>(random.below(1'000'000)));
  }
  network.run_to(1000);
  Outcome outcome{network.endings(), {}, network.steps()};
  if (eager) outcome.endings.erase(outcome.endings.begin());
  for (std::size_t link = 0; link < 6; ++link) {
    const LinkStatistics& s = network.network().statistics()[link];
    outcome.statistics.push_back({s.bytes, s.messages, s.busy.count(), s.queueing.count()});
  }
  return outcome;
}

TEST(Background, MakesNoDifferenceWhenItIsPlayed) {
  for (const std::size_t kind : {0u, 1u, 2u}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const Outcome lazy = run(kind, seed, false), eager = run(kind, seed, true);
      EXPECT_GT(eager.steps, lazy.steps + 10'000) << kind;
      EXPECT_EQ(lazy.endings, eager.endings) << kind << ", seed " << seed;
      EXPECT_EQ(lazy.statistics, eager.statistics) << kind << ", seed " << seed;
      EXPECT_NE(lazy.statistics, run(kind, seed + 10, false).statistics);
      std::size_t delivered = 0, lost = 0;
      for (const auto& ending : lazy.endings) {
        ASSERT_TRUE(ending);
        ++(ending->delivered ? delivered : lost);
      }
      EXPECT_GT(delivered, 40u);
      EXPECT_GT(lost, 0u);
    }
  }
}

}  // namespace
}  // namespace understudy
