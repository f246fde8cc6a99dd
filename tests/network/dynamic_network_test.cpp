// Links that change and fail under every model, with closed forms.
#include "sim/network/dynamic_network.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <set>

#include "runtime/base/errors.hpp"
#include "tests/network/dynamics.hpp"
#include "tests/network/traffic.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using Endings = std::vector<std::optional<Dynamics::Ending>>;

constexpr double kTolerance_s = 1e-11;

// node0 - node1 - ... with 1 MB/s everywhere; links are 0->1, 1->0, 1->2, 2->1, ...
Topology chain(int nodes, Duration latency = Duration{0}) {
  return make_topology(PathConfig{.nodes = nodes, .links = {{Bandwidth{8e6}, latency}}});
}

class EveryDynamicModel : public testing::TestWithParam<std::size_t> {
 protected:
  static Dynamics under(const FaultsConfig& faults, Topology topology = chain(2)) {
    return Dynamics(with_conditions(GetParam(), {}), faults, std::move(topology));
  }
  static Dynamics under(const TraceConfig& trace, Topology topology = chain(2)) {
    return Dynamics(with_conditions(GetParam(), {.traces = {trace}}), {}, std::move(topology));
  }
  // Of a transfer from node 0 to 1 that starts at 0.
  static double end_of(Dynamics network, std::int64_t bytes) {
    network.start(0, 1, bytes);
    network.run_to_the_end();
    EXPECT_TRUE(network.ending(0)->delivered);
    return network.end_s(0);
  }
  static std::string said(const FaultsConfig& faults) {
    try {
      under(faults);
    } catch (const ScenarioError& problem) {
      return problem.what();
    }
    return "";
  }
  TraceFiles files_;
};

INSTANTIATE_TEST_SUITE_P(Models, EveryDynamicModel, testing::Values(0u, 1u, 2u),
                         [](const auto& model) {
                           return name_of(with_conditions(model.param, {}));
                         });

TEST_P(EveryDynamicModel, APartitionDelaysByAsLongAsItLasts) {
  for (const Duration lasting : {Duration{1ns}, Duration{500ms}, Duration{100s}}) {
    const FaultsConfig faults{Partition{{"node1"}, 300ms, lasting}};
    EXPECT_NEAR(end_of(under(faults), kMegabyte), 1 + to_seconds(lasting), kTolerance_s);
  }
  // Of one among others: everybody waits.
  Dynamics network = under({Partition{{"node1", "node2"}, 300ms, 500ms}}, chain(3));
  network.start(1, 2, kMegabyte);  // inside of the part
  network.start(0, 1, kMegabyte);
  network.run_to_the_end();
  EXPECT_NEAR(network.end_s(0), 1, kTolerance_s);
  EXPECT_NEAR(network.end_s(1), 1.5, kTolerance_s);
}

TEST_P(EveryDynamicModel, WhatSeveralFaultsHoldIsUpOnceAllAreOver) {
  const FaultsConfig faults{LinkOutage{"node0->node1", 300ms, 500ms},
                            NodeOutage{"node1", 500ms, 1s},
                            LinkOutage{"node0<->node1", 1500ms, 100ms}};  // one joins the next
  EXPECT_NEAR(end_of(under(faults), kMegabyte), 1 + 1.3, kTolerance_s);
}

TEST_P(EveryDynamicModel, ANodeThatIsDownHasAllItsLinksDown) {
  Dynamics network = under({NodeOutage{"node1", 500ms, 1s}}, chain(4));
  network.start(0, 1, kMegabyte);
  network.start(1, 0, kMegabyte);
  network.start(2, 1, kMegabyte);
  network.start(2, 3, kMegabyte);
  network.run_to_the_end();
  for (const std::size_t held : {0, 1, 2}) EXPECT_NEAR(network.end_s(held), 2, kTolerance_s);
  EXPECT_NEAR(network.end_s(3), 1, kTolerance_s);
}

// Up in [0, 2], then down for 1 s and up for 3 s in turns.
TEST_P(EveryDynamicModel, FlappingLeavesTheTimeThatItIsUp) {
  Flapping flapping{"*", 2s, 1s, 3s, std::nullopt};
  EXPECT_NEAR(end_of(under({flapping}), 2 * kMegabyte), 2, kTolerance_s);
  EXPECT_NEAR(end_of(under({flapping}), 10 * kMegabyte), 13, kTolerance_s);
  EXPECT_NEAR(end_of(under({flapping}), 302 * kMegabyte - 1), 2 + 100 * 4 - 1e-6, 1e-8);
  flapping.times = 2;
  EXPECT_NEAR(end_of(under({flapping}), 10 * kMegabyte), 12, kTolerance_s);
}

TEST_P(EveryDynamicModel, ATraceChangesTheRateInMidFlow) {
  EXPECT_NEAR(end_of(under(files_.csv("*", "0,8e6\n0.5,4e6\n")), kMegabyte), 1.5, kTolerance_s);
  EXPECT_NEAR(end_of(under(files_.csv("*", "0,0\n0.5,4e6\n")), kMegabyte), 2.5, kTolerance_s);
  // 1 s at 2 MB/s, 1 s at none, again and again.
  EXPECT_NEAR(end_of(under(files_.csv("*", "0,16e6\n1,0\n2,5\n", true)), 5 * kMegabyte), 4.5,
              kTolerance_s);
}

TEST_P(EveryDynamicModel, ATraceMayChangeTheLatency) {
  const TraceConfig trace =
      CsvTrace{"*", files_.file("time_s,rate_bit_s,latency_s\n0,8e6,0.1\n5,8e6,0.3\n"), false};
  Dynamics network = under(trace, chain(2, 20ms));
  network.start(0, 1, kMegabyte);
  network.run_to_the_end();
  network.look_away_until(kStart + 10s);
  network.start(0, 1, kMegabyte);
  network.run_to_the_end();
  EXPECT_NEAR(network.end_s(0), 1.1, kTolerance_s);
  EXPECT_NEAR(network.end_s(1), 11.3, kTolerance_s);
}

TEST_P(EveryDynamicModel, OneOpportunityAMillisecondIsTwelveMegabit) {
  const TraceConfig trace = MahimahiTrace{.file = files_.file("1\n")};
  EXPECT_EQ(end_of(under(trace), 1'500'000), 1);
}

// 1,500 bytes in the last 10 ms of every 100.
TEST_P(EveryDynamicModel, ATraceWithGapsHoldsUp) {
  const TraceConfig trace = MahimahiTrace{.file = files_.file("100\n"), .resolution = 10ms};
  EXPECT_NEAR(end_of(under(trace), 750), 0.095, kTolerance_s);
  EXPECT_NEAR(end_of(under(trace), 1'500 * 7 + 500), 0.7 + 0.09 + 0.01 / 3, kTolerance_s);
}

// The trace's last line is its last opportunity; half of it is left over.
TEST_P(EveryDynamicModel, ATraceCarriesItsBytesInEveryPeriod) {
  const std::string file = UNDERSTUDY_SOURCE_DIR "/scenarios/traces/lte_like.up";
  std::ifstream in(file);
  std::int64_t lines = 0;
  int last_ms = 0, in_the_last = 0;
  for (int ms = 0; in >> ms; ++lines) {
    in_the_last = ms == last_ms ? in_the_last + 1 : 1;
    last_ms = ms;
  }
  constexpr int kPeriods = 10;
  const double left_over_s = 0.5e-3 / in_the_last;
  EXPECT_NEAR(end_of(under(MahimahiTrace{.file = {file}}), kPeriods * lines * 1500 - 750),
              kPeriods * last_ms * 1e-3 - left_over_s, 1e-7);
}

TEST_P(EveryDynamicModel, OfSeveralTracesForALinkTheLastHolds) {
  Dynamics network(with_conditions(GetParam(), {.traces = {files_.csv("*", "0,16e6\n"),
                                                           files_.csv("node0->node1", "0,4e6\n")}}),
                   {}, chain(2));
  network.start(0, 1, kMegabyte);
  network.start(1, 0, kMegabyte);
  network.run_to_the_end();
  EXPECT_NEAR(network.end_s(0), 2, kTolerance_s);
  EXPECT_NEAR(network.end_s(1), 0.5, kTolerance_s);
}

TEST_P(EveryDynamicModel, LinksOfAMediumChangeTogether) {
  Topology topology;
  const VertexId a = topology.add_vertex({"a"}), b = topology.add_vertex({"b"});
  topology.add_cable({a, b, Bandwidth{8e6}, 0ms, topology.add_medium()});
  Dynamics network = under({LinkOutage{"a->b", 500ms, 1s}}, std::move(topology));
  network.start(1, 0, kMegabyte);
  network.run_to_the_end();
  EXPECT_NEAR(network.end_s(0), 2, kTolerance_s);
}

// What set_link() states is what a link is without trace and faults.
TEST_P(EveryDynamicModel, FaultsOutlastOtherChanges) {
  Dynamics network = under({LinkOutage{"*", 500ms, 1s}});
  network.start(0, 1, kMegabyte);
  network.run_to(1);
  network.network().set_link(LinkId{0}, {Bandwidth{4e6}, 0ms, true}, network.now());
  network.run_to_the_end();
  EXPECT_NEAR(network.end_s(0), 2.5, kTolerance_s);
}

TEST_P(EveryDynamicModel, WhatGoesForGoodLosesWhatCrossesIt) {
  const TraceConfig ends = files_.csv("*", "0,8e6\n0.5,0\n");
  for (const bool by_trace : {false, true}) {
    Dynamics network = by_trace ? under(ends) : under({LinkOutage{"node0->node1", 500ms, {}}});
    network.start(0, 1, 400'000);
    network.start(0, 1, 3 * kMegabyte);
    network.run_to_the_end();
    EXPECT_EQ(network.ending(0)->delivered, GetParam() != 2);  // half of its share was sent
    EXPECT_EQ(network.ending(1), (Dynamics::Ending{kStart + 500ms, false, {3 * kMegabyte}}));
    network.look_away_until(kStart + 7s);
    network.start(0, 1, 5);
    EXPECT_EQ(network.network().next_event(), kStart + 7s);
    network.run_to_the_end();
    EXPECT_EQ(network.ending(2), (Dynamics::Ending{kStart + 7s, false, {5}}));
  }
}

TEST_P(EveryDynamicModel, WhatIsDownForAWhileFirstCanGoForGoodThen) {
  Dynamics network = under({LinkOutage{"*", 500ms, 10s}, NodeOutage{"node0", 2s, {}}});
  network.start(0, 1, kMegabyte);
  network.run_to_the_end();
  EXPECT_EQ(network.ending(0), (Dynamics::Ending{kStart + 2s, false, {kMegabyte}}));
}

// Stored and forwarded, a message has left the first link for good after 1.2 s; a fluid flows
// through all of its route until its end.
TEST_P(EveryDynamicModel, WhatHasPassedALinkDoesNotMissIt) {
  Dynamics network = under({LinkOutage{"node0->node1", 1500ms, {}}}, chain(3));
  network.start(0, 2, GetParam() == 1 ? 1'200'000 : 2 * kMegabyte);
  network.run_to_the_end();
  EXPECT_EQ(network.ending(0)->delivered, GetParam() == 1);
  EXPECT_NEAR(network.end_s(0), GetParam() == 1 ? 2.4 : 1.5, kTolerance_s);
}

TEST_P(EveryDynamicModel, EndsInOrderOfStartAtOneInstant) {
  Dynamics network = under({LinkOutage{"node0->node1", 1s, {}}}, chain(3));
  network.start(0, 1, 5 * kMegabyte);  // lost at 1 s
  network.start(1, 2, kMegabyte);      // delivered then
  network.start(0, 1, 6 * kMegabyte);  // lost
  network.run_to(0.5);
  std::vector<Completion> ended;
  network.network().advance(kStart + 1s, ended);
  ASSERT_EQ(ended.size(), 3u);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(ended[i].id, TransferId{i});
  EXPECT_TRUE(ended[1].delivered);
}

// Nobody waits: nothing happens. Sources without end don't keep a simulation alive.
TEST_P(EveryDynamicModel, HasEventsOnlyWhileATransferIsUnderWay) {
  Dynamics network(
      with_conditions(GetParam(), {.traces = {files_.csv("*", "0,8e6\n1,4e6\n2,0\n", true)},
                                   .background = {ConstantTraffic{"node0", "node1"},
                                                  PoissonTraffic{"node1", "node0"}}}),
      {Churn{}}, chain(2));
  EXPECT_EQ(network.network().next_event(), kNever);
  network.run_to(50);
  EXPECT_EQ(network.network().next_event(), kNever);
  network.start(0, 1, 1000);
  EXPECT_LT(network.network().next_event(), network.now() + 2s);
  network.run_to_the_end();
  EXPECT_TRUE(network.ending(0)->delivered);
  EXPECT_EQ(network.network().next_event(), kNever);
}

TEST_P(EveryDynamicModel, CancelsWhatIsUnderWayOrHasJustEnded) {
  Dynamics network = under({LinkOutage{"*", 500ms, {}}}, chain(2));
  const std::size_t first = network.start(0, 1, kMegabyte);
  network.run_to(0.25);
  network.cancel(first);
  EXPECT_EQ(network.network().next_event(), kNever);
  network.look_away_until(kStart + 300ms);
  const std::size_t second = network.start(0, 1, kMegabyte);
  network.look_away_until(kStart + 1s);
  network.cancel(second);  // lost at 0.5 s, but not yet handed out
  EXPECT_EQ(network.network().next_event(), kNever);
  network.start(0, 1, 1);
  network.run_to_the_end();
  EXPECT_EQ(network.ending(2), (Dynamics::Ending{kStart + 1s, false, {1}}));
}

TEST_P(EveryDynamicModel, DoesNotReuseAnIdThatTheCallerIsStillLookingAt) {
  Dynamics network = under({LinkOutage{"*", 0s, {}}});
  NetworkModel& model = network.network();
  const auto route = network.topology().route(VertexId{0}, VertexId{1});
  const TransferId first = model.start({.route = route}, kStart);
  std::vector<Completion> ended;
  model.advance(kStart, ended);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_NE(model.start({.route = route}, kStart), first);
  model.advance(kStart, ended);
  EXPECT_EQ(model.start({.route = route}, kStart), first);
}

TEST_P(EveryDynamicModel, NamesPatternsThatFitNothing) {
  EXPECT_EQ(said({LinkOutage{"node0->node3"}}),
            "no link of the topology is called 'node0->node3'; did you mean 'node0->node1'?");
  EXPECT_EQ(said({NodeOutage{"nodeo"}}),
            "no vertex of the topology is called 'nodeo'; did you mean 'node0'?");
  EXPECT_EQ(said({Churn{"x*"}}), "no vertex of the topology is called 'x*'");
  EXPECT_EQ(said({Partition{}}), "a partition needs the vertices that it cuts off");
  EXPECT_EQ(said({Partition{{"node0", "node?"}}}),
            "no link crosses the partition, which holds all vertices");
  EXPECT_EQ(said({Churn{"*", UniformDuration{2s, 1s}}}),
            "a uniform duration of 2s to 1s has its ends the wrong way round");
}

// A two-state chain with rates l = 1/3 and m = 1 per second: up m / (l + m) = 3/4 of the time, and
// the variance of the time up in T tends to 2 l m / (l + m)^3 T = 0.28125 T.
TEST(Faults, ChurnIsUpForItsShareOfTheTime) {
  const Topology topology = chain(2);
  LinkTimeline timeline(topology, {},
                        {Churn{"node0", ExponentialDuration{3s}, ExponentialDuration{1s}}}, 3);
  const Duration end = 100'000s;
  Duration up{0};
  TimePoint since = kStart;
  for (TimePoint at = timeline.next(); at < kStart + end; at = timeline.next()) {
    const auto changes = timeline.take_next();
    ASSERT_EQ(changes.size(), 2u);  // both directions at once
    EXPECT_EQ(changes[0].link, LinkId{0});
    EXPECT_EQ(changes[1].state.up, changes[0].state.up);
    if (!changes[0].state.up) up += at - since;
    since = at;
  }
  EXPECT_NEAR(to_seconds(up) / 1e5, 0.75, 5 * std::sqrt(0.28125 / 1e5));
}

TEST(Faults, NodesChurnByThemselvesAndByTheSeed) {
  const Topology topology = make_topology(StarConfig{.nodes = 20});
  const auto first_downs = [&](const FaultsConfig& faults, std::uint64_t seed) {
    std::vector<TimePoint> downs;
    for (const Fault& fault : make_faults(faults, topology, seed)) downs.push_back(fault.next);
    return downs;
  };
  const auto downs = first_downs({Churn{}}, 1);
  EXPECT_EQ(downs, first_downs({Churn{}}, 1));
  EXPECT_NE(downs, first_downs({Churn{}}, 2));
  const auto twice = first_downs({Churn{}, Churn{}}, 1);
  const std::set<TimePoint> different(twice.begin(), twice.end());
  EXPECT_EQ(different.size(), 2 * topology.vertices().size());
}

// Two sources that change a link at one instant make one change, or none.
TEST(LinkTimeline, MergesWhatHappensAtOneInstant) {
  const Topology topology = chain(3);
  LinkTimeline timeline(topology, {},
                        {LinkOutage{"node1->node2", 1s, 1s}, LinkOutage{"node1->*", 2s, 1s},
                         LinkOutage{"node0->node1", 2s, 5s}},
                        1);
  EXPECT_EQ(timeline.take_next().size(), 1u);
  EXPECT_EQ(timeline.next(), kStart + 2s);
  const auto changes = timeline.take_next();
  ASSERT_EQ(changes.size(), 2u);  // node1->node2 stays down
  EXPECT_EQ(changes[0].link, LinkId{0});
  EXPECT_EQ(changes[1].link, LinkId{1});
}

}  // namespace
}  // namespace understudy
