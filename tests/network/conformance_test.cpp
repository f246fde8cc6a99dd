// What holds for every network model, and where they differ, each one's closed form.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "tests/network/traffic.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

// Picoseconds are rounded once or twice for each hop.
constexpr double kTolerance_s = 1e-11;

class EveryModel : public testing::TestWithParam<NetworkConfig> {
 protected:
  // The expectation for the model under test; that for queued with packets only where it differs.
  static double by_model(double ideal, double queued, double fair_share) {
    return std::vector<double>{ideal, queued, fair_share}[GetParam().index()];
  }
  static double by_model(double ideal, double queued, double fair_share, double packets) {
    return in_packets() ? packets : by_model(ideal, queued, fair_share);
  }
  static bool in_packets() { return conditions_of(GetParam()).packet.payload.count > 0; }
  static Traffic traffic(std::vector<LinkConfig> links) {
    return Traffic(GetParam(), path(std::move(links)));
  }
  static Traffic one_link(Duration latency = Duration{0}) {
    return traffic({{Bandwidth{kMegabytePerSecond}, latency}});
  }
};

INSTANTIATE_TEST_SUITE_P(Models, EveryModel,
                         testing::Values(IdealConfig{}, QueuedConfig{}, queued_in_packets(),
                                         FairShareConfig{}),
                         [](const auto& model) { return name_of(model.param); });
INSTANTIATE_TEST_SUITE_P(Impaired, EveryModel,
                         testing::Values(impaired(IdealConfig{}), impaired(QueuedConfig{}),
                                         impaired(FairShareConfig{})),
                         [](const auto& model) { return name_of(model.param); });

TEST_P(EveryModel, CarriesOneMessageOverAnyNumberOfHops) {
  const std::vector<LinkConfig> links = {
      {Bandwidth{3e6}, 7ms}, {Bandwidth{5e6}, 11ms}, {Bandwidth{2e6}, 13ms}, {Bandwidth{7e6}, 0ms}};
  double latency_s = 0, slowest = links[0].bandwidth.bytes_per_s(), each_s = 0, packet_s = 0;
  for (std::size_t hops = 1; hops <= links.size(); ++hops) {
    const LinkConfig& last = links[hops - 1];
    latency_s += to_seconds(last.latency);
    slowest = std::min(slowest, last.bandwidth.bytes_per_s());
    each_s += 1e6 / last.bandwidth.bytes_per_s();
    packet_s += 1e3 / last.bandwidth.bytes_per_s();
    Traffic t = traffic(links);
    t.start(0, static_cast<int>(hops), kMegabyte);
    t.run_to_the_end();
    const double fluid_s = latency_s + 1e6 / slowest;
    // In 1000 packets: the first one's way, then the others behind each other at the slowest link.
    const double pipelined_s = latency_s + packet_s + 999 * 1e3 / slowest;
    EXPECT_NEAR(t.end_s(0), by_model(fluid_s, latency_s + each_s, fluid_s, pipelined_s),
                kTolerance_s)
        << hops << " hops";
  }
}

TEST_P(EveryModel, CarriesTwoMessagesOnOneLink) {
  Traffic t = one_link();
  t.start(0, 1, kMegabyte);
  t.start(0, 1, kMegabyte);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), by_model(1, 1, 2), kTolerance_s);
  EXPECT_NEAR(t.end_s(1), by_model(1, 2, 2), kTolerance_s);
}

TEST_P(EveryModel, SharesTenMegabitBetweenOneAndTwoMegabytes) {
  Traffic t = traffic({{Bandwidth{10e6}, 0ms}});
  t.start(0, 1, 1 * kMegabyte);
  t.start(0, 1, 2 * kMegabyte);
  t.run_to_the_end();
  // Fair: both at 5 Mbit/s until 1 MB is over at 1.6 s; then 1 MB is left at 10 Mbit/s.
  EXPECT_NEAR(t.end_s(0), by_model(0.8, 0.8, 1.6), kTolerance_s);
  EXPECT_NEAR(t.end_s(1), by_model(1.6, 2.4, 2.4), kTolerance_s);
}

TEST_P(EveryModel, CarriesAParkingLot) {
  const LinkConfig link{Bandwidth{kMegabytePerSecond}, 0ms};
  Traffic t = traffic({link, link, link});
  t.start(0, 3, kMegabyte);  // over all three
  for (int i = 0; i < 3; ++i) t.start(i, i + 1, kMegabyte);
  t.run_to_the_end();
  // Fair: half a link for everyone. Queued: the long one goes first on the first link and comes a
  // second, and two, after the short ones to the others; in packets of 1 ms it has them all on the
  // second link when that is free, and the last is one more on the third.
  EXPECT_NEAR(t.end_s(0), by_model(1, 3, 2, 2.001), kTolerance_s);
  EXPECT_NEAR(t.end_s(1), by_model(1, 2, 2), kTolerance_s);
  EXPECT_NEAR(t.end_s(2), by_model(1, 1, 2), kTolerance_s);
  EXPECT_NEAR(t.end_s(3), by_model(1, 1, 2), kTolerance_s);
}

TEST_P(EveryModel, FeelsAChangeOfCapacityInMidFlow) {
  Traffic t = one_link(100ms);
  t.start(0, 1, kMegabyte);
  t.run_to(0.5);
  t.set_link(0, kMegabytePerSecond / 2);
  t.run_to_the_end();
  // At 0.5 s a fluid has flowed for 0.4 s (latency first): 0.6 MB are left at 0.5 MB/s. A queue has
  // sent half, the rest takes 1 s, and the latency comes last.
  EXPECT_NEAR(t.end_s(0), by_model(1.7, 1.6, 1.7), kTolerance_s);
}

TEST_P(EveryModel, FeelsARiseOfCapacityInMidFlow) {
  Traffic t = one_link();
  t.start(0, 1, kMegabyte);
  t.run_to(0.25);
  t.set_link(0, 3 * kMegabytePerSecond);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 0.5, kTolerance_s);
}

TEST_P(EveryModel, IsDelayedByAsLongAsALinkIsDown) {
  Traffic t =
      traffic({{Bandwidth{kMegabytePerSecond}, 50ms}, {Bandwidth{kMegabytePerSecond}, 50ms}});
  t.start(0, 2, kMegabyte);
  t.run_to_the_end();
  const double undisturbed_s = t.end_s(0);
  // On path 0-1-2 links are 0->1, 1->0, 1->2, 2->1. At 0.3 s every model is sending on the first
  // one.
  Traffic disturbed =
      traffic({{Bandwidth{kMegabytePerSecond}, 50ms}, {Bandwidth{kMegabytePerSecond}, 50ms}});
  disturbed.start(0, 2, kMegabyte);
  disturbed.run_to(0.3);
  disturbed.set_link(0, kMegabytePerSecond, false);
  disturbed.run_to(0.5);  // packets that have left arrive
  EXPECT_EQ(disturbed.network().next_event(), kNever);
  disturbed.run_to(0.8);
  disturbed.set_link(0, kMegabytePerSecond, true);
  disturbed.run_to_the_end();
  EXPECT_NEAR(disturbed.end_s(0), undisturbed_s + 0.5, kTolerance_s);
}

TEST_P(EveryModel, WaitsForALinkThatIsDownFromTheStart) {
  Traffic t = one_link();
  t.set_link(0, kMegabytePerSecond, false);
  t.start(0, 1, kMegabyte);
  t.start(0, 1, 0);
  t.run_to(3);
  EXPECT_FALSE(t.ended(0));
  EXPECT_FALSE(t.ended(1));
  t.set_link(0, kMegabytePerSecond, true);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 4, kTolerance_s);
  EXPECT_NEAR(t.end_s(1), by_model(3, 4, 3),
              kTolerance_s);  // nothing to send, but a queue has its order
}

TEST_P(EveryModel, CanGoDownTwice) {
  Traffic t = one_link();
  t.start(0, 1, kMegabyte);
  t.start(0, 1, kMegabyte);
  for (const double down_s : {0.25, 1.5}) {
    t.run_to(down_s);
    t.set_link(0, kMegabytePerSecond, false);
    t.run_to(down_s + 0.5);
    t.set_link(0, kMegabytePerSecond, true);
  }
  t.run_to_the_end();
  // Ideal: sent 0.25..0.25 and 0.75..1.5 = 1 MB exactly when it goes down again: both are done
  // at 1.5. Queued: the first is done at 1.5 too, the second starts when the link is up at 2.
  EXPECT_NEAR(t.end_s(0), by_model(1.5, 1.5, 3), kTolerance_s);
  EXPECT_NEAR(t.end_s(1), by_model(1.5, 3, 3), kTolerance_s);
}

TEST_P(EveryModel, FreesTheCapacityOfACancelledTransfer) {
  Traffic t = one_link();
  t.start(0, 1, kMegabyte);
  t.start(0, 1, kMegabyte);
  t.run_to(0.5);
  t.cancel(0);
  t.run_to_the_end();
  EXPECT_FALSE(t.ended(0));
  // Fair: a quarter was sent by 0.5 s. Queued: sending begins at 0.5 s.
  EXPECT_NEAR(t.end_s(1), by_model(1, 1.5, 1.25), kTolerance_s);
}

TEST_P(EveryModel, CancelsInEveryPhase) {
  for (const double cancel_s : {0.0, 0.05, 0.5, 1.05, 1.5, 2.05}) {
    Traffic t =
        traffic({{Bandwidth{kMegabytePerSecond}, 100ms}, {Bandwidth{kMegabytePerSecond}, 100ms}});
    t.start(0, 2, kMegabyte);
    t.run_to(cancel_s);
    if (t.ended(0)) continue;
    t.cancel(0);
    EXPECT_EQ(t.network().next_event(), kNever) << "cancelled at " << cancel_s;
    t.start(0, 2, kMegabyte);
    t.run_to_the_end();
    EXPECT_NEAR(t.end_s(1) - cancel_s, by_model(1.2, 2.2, 1.2, 1.201), kTolerance_s)
        << "cancelled at " << cancel_s;
  }
}

TEST_P(EveryModel, CancelsOneThatWaitsWithoutTouchingTheOneBefore) {
  Traffic t = one_link();
  for (int i = 0; i < 3; ++i) t.start(0, 1, kMegabyte);
  t.run_to(0.5);
  t.cancel(1);
  t.run_to_the_end();
  // Fair: three at a third until 0.5 s, then two halves of the 5/6 MB that each has left.
  EXPECT_NEAR(t.end_s(0), by_model(1, 1, 0.5 + 5.0 / 3), kTolerance_s);
  EXPECT_NEAR(t.end_s(2), by_model(1, 2, 0.5 + 5.0 / 3), kTolerance_s);
}

TEST_P(EveryModel, TakesOnlyLatencyForNothing) {
  Traffic t = traffic({{Bandwidth{1e3}, 3ms}, {Bandwidth{1e3}, 4ms}});
  t.start(0, 2, 0);
  t.run_to_the_end();
  EXPECT_EQ(t.end_s(0), 0.007);
}

TEST_P(EveryModel, ArrivesAtOnceAtItself) {
  Traffic t = one_link();
  t.run_to(1.5);
  t.start(0, 0, kMegabyte);
  EXPECT_EQ(t.network().next_event(), t.now());
  t.run_to_the_end();
  EXPECT_EQ(t.end_s(0), 1.5);
}

TEST_P(EveryModel, KeepsDirectionsApart) {
  Traffic t = one_link();
  t.start(0, 1, kMegabyte);
  t.start(1, 0, kMegabyte);
  t.run_to_the_end();
  EXPECT_EQ(t.end_s(0), 1);
  EXPECT_EQ(t.end_s(1), 1);
}

TEST_P(EveryModel, EndsInOrderOfStartAtOneInstant) {
  Traffic t(GetParam(),
            make_topology(ClusterConfig{.machines = 6, .inter = {Bandwidth{1e9}, 1ms}}));
  for (const int from : {4, 1, 5, 0, 3, 2}) t.start(from, (from + 1) % 6, kMegabyte);
  t.run_to_the_end();
  EXPECT_EQ(t.order(), (std::vector<std::size_t>{0, 1, 2, 3, 4, 5}));
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(t.end_s(i), t.end_s(0));
}

TEST_P(EveryModel, StandsStillBeyondTheEndOfTimeUntilALinkGetsFaster) {
  Traffic t = traffic({{Bandwidth{1e-3}, 0ms}});
  t.start(0, 1, kMegabyte);  // 8e9 s, and the clock has 9.2e6
  t.run_to(0);
  EXPECT_EQ(t.network().next_event(), kNever);
  t.run_to(10);
  t.set_link(0, kMegabytePerSecond);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 11, 1e-8);
}

TEST_P(EveryModel, CatchesUpWithACallerThatComesLate) {
  Traffic t = one_link();
  t.start(0, 1, kMegabyte);
  NetworkModel& network = t.network();
  const TimePoint late = kStart + 5s;
  const auto route = t.topology().route(VertexId{0}, VertexId{1});
  const TransferId second = network.start({.route = route, .size = Bytes{kMegabyte}},
                                          late);  // the first one's end was never asked for
  EXPECT_EQ(network.next_event(), late);
  std::vector<Completion> ended;
  network.advance(late, ended);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_NE(ended[0].id, second);
  EXPECT_EQ(network.next_event(), late + 1s);
  network.cancel(second, late + 3s);  // over for two seconds, but not yet handed out
  EXPECT_EQ(network.next_event(), kNever);
}

TEST_P(EveryModel, DoesNotReuseAnIdThatTheCallerIsStillLookingAt) {
  Traffic t = one_link();
  NetworkModel& network = t.network();
  const auto route = t.topology().route(VertexId{0}, VertexId{1});
  const TransferId first = network.start({.route = route, .size = Bytes{0}}, kStart);
  std::vector<Completion> ended;
  network.advance(kStart, ended);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_NE(network.start({.route = route, .size = Bytes{0}}, kStart), first);
  network.advance(kStart, ended);
  EXPECT_EQ(network.start({.route = route, .size = Bytes{0}}, kStart), first);
}

// The queue's order is that of arrival, also where a message that was started first arrives later.
TEST(Queued, ServesInOrderOfArrivalAtTheLink) {
  Traffic t(QueuedConfig{},
            path({{Bandwidth{kMegabytePerSecond}, 0ms}, {Bandwidth{kMegabytePerSecond}, 0ms}}));
  t.start(0, 2, kMegabyte);  // at the second link from 1 s on
  t.run_to(0.5);
  t.start(1, 2, kMegabyte);  // sends there 0.5..1.5 s
  t.run_to(0.75);
  t.start(1, 2, kMegabyte);  // waits from 0.75 s, before the first comes
  t.run_to_the_end();
  EXPECT_EQ(t.all_ends_s(), (std::vector<double>{3.5, 1.5, 2.5}));
}

TEST(Queued, ServesInOrderOfStartAtOneInstant) {
  Traffic t(QueuedConfig{},
            path({{Bandwidth{kMegabytePerSecond}, 0ms}, {Bandwidth{kMegabytePerSecond}, 0ms}}));
  t.start(0, 2, kMegabyte);
  t.run_to(1);  // it is at the second link by now
  t.start(1, 2, kMegabyte);
  t.run_to_the_end();
  EXPECT_EQ(t.all_ends_s(), (std::vector<double>{2, 3}));
}

TEST(Queued, LeavesWhatIsOnItsWayAlone) {
  Traffic t(QueuedConfig{}, path({{Bandwidth{kMegabytePerSecond}, 2s}}));
  t.start(0, 1, kMegabyte);
  t.start(0, 1, kMegabyte);
  t.run_to(1.5);
  t.set_link(0, kMegabytePerSecond, false);  // the first has left, the second is half sent
  t.run_to(4);
  t.set_link(0, kMegabytePerSecond, true);
  t.run_to_the_end();
  EXPECT_EQ(t.all_ends_s(), (std::vector<double>{3, 6.5}));
}

}  // namespace
}  // namespace understudy
