// Losses, copies, delays and what is sent again, in closed form over each model.
#include "sim/network/unreliable_network.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <deque>

#include "tests/network/chi_square.hpp"
#include "tests/network/lossy_traffic.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

constexpr double kTolerance_s = 1e-11;

// Five deviations of a mean.
double bound(double variance, double samples) { return 5 * std::sqrt(variance / samples); }

NetworkConditions lossy(const LossConfig& loss, const ReliabilityConfig& reliability,
                        Bytes payload = {}) {
  return {
      .packet = {.payload = payload}, .reliability = reliability, .impairments = {{.loss = loss}}};
}

class EveryUnreliable : public testing::TestWithParam<std::size_t> {
 protected:
  static NetworkConfig model(NetworkConditions conditions) {
    if (GetParam() == 0) return IdealConfig{.conditions = std::move(conditions)};
    if (GetParam() == 1) return QueuedConfig{.conditions = std::move(conditions)};
    return FairShareConfig{.conditions = std::move(conditions)};
  }
  static LossyTraffic one_link(NetworkConditions conditions, std::uint64_t seed = 1) {
    return {model(std::move(conditions)), path({{Bandwidth{kMegabytePerSecond}, 0ms}}), seed};
  }
};

std::string kind_name(const testing::TestParamInfo<std::size_t>& kind) {
  const char* const names[] = {"ideal", "queued", "fair_share"};
  return names[kind.param];
}

INSTANTIATE_TEST_SUITE_P(Models, EveryUnreliable, testing::Values(0, 1, 2), kind_name);

TEST_P(EveryUnreliable, LosesAMessageThatLostAPacket) {
  LossyTraffic t = one_link(lossy(BernoulliLoss{1}, UnreliableConfig{}, Bytes{1000}));
  t.start(0, 1, kMegabyte);
  t.run_to_the_end();
  EXPECT_EQ(t.end(0), (End{kStart + 1s, false, Bytes{kMegabyte}}));
  EXPECT_EQ(t.link(0).lost_packets, 1000);
  EXPECT_EQ(t.link(0).bytes, kMegabyte);
}

TEST_P(EveryUnreliable, LosesOneWithoutBytesToo) {
  LossyTraffic t = one_link(lossy(BernoulliLoss{1}, UnreliableConfig{}));
  t.start(0, 1, 0);
  t.run_to_the_end();
  EXPECT_EQ(t.end(0), (End{kStart, false, Bytes{0}}));
}

TEST_P(EveryUnreliable, LosesNothingFromANodeToItself) {
  LossyTraffic t = one_link(lossy(BernoulliLoss{1}, UnreliableConfig{}));
  t.start(0, 0, kMegabyte);
  t.run_to_the_end();
  EXPECT_EQ(t.end(0), (End{kStart, true, {}}));
}

// A second for each try, and between them 0.2, 0.4 and 0.8 s.
TEST_P(EveryUnreliable, SendsAgainAfterTimeoutsThatDouble) {
  LossyTraffic t = one_link(lossy(BernoulliLoss{1}, RetransmitConfig{200ms, 3}));
  t.start(0, 1, kMegabyte);
  for (const double try_ends_s : {1.0, 2.2, 3.6}) {
    t.run_to(try_ends_s);
    EXPECT_EQ(t.link(0).busy + t.link(0).queueing, t.link(0).messages * 1s);
    EXPECT_FALSE(t.ended(0));
  }
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 1 + 0.2 + 1 + 0.4 + 1 + 0.8 + 1, kTolerance_s);
  EXPECT_FALSE(t.end(0).delivered);
  EXPECT_EQ(t.end(0).lost.count, kMegabyte);
  EXPECT_EQ(t.link(0).lost_packets, 4);
  EXPECT_EQ(t.link(0).bytes, 4 * kMegabyte);
  EXPECT_EQ(t.link(0).messages, 4);
}

// Between two states that change with every packet, every other message of one packet gets through.
TEST_P(EveryUnreliable, DeliversAtTheSecondTry) {
  int at_once = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    LossyTraffic t =
        one_link(lossy(GilbertElliottLoss{.p = 1, .q = 1}, RetransmitConfig{200ms, 1}), seed);
    t.start(0, 1, kMegabyte);
    t.run_to_the_end();
    EXPECT_TRUE(t.end(0).delivered);
    EXPECT_EQ(t.end(0).lost.count, 0);
    at_once += t.end_s(0) == 1 ? 1 : 0;
    EXPECT_NEAR(t.end_s(0), t.link(0).messages == 1 ? 1 : 2.2, kTolerance_s);
    EXPECT_LE(t.link(0).messages, 2);
  }
  EXPECT_GT(at_once, 0);  // the state at the start is good or bad alike
  EXPECT_LT(at_once, 20);
}

TEST(Timeout, DoublesUpToAMinute) {
  const RetransmitConfig second{.timeout = 1s};
  const Duration expected[] = {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s};
  for (int again = 0; again < 8; ++again) EXPECT_EQ(timeout_after(second, again), expected[again]);
  EXPECT_EQ(timeout_after(second, 63), 60s);
  EXPECT_EQ(timeout_after({.timeout = 100s}, 5), 100s);
  EXPECT_EQ(timeout_after({.timeout = 60s}, 1), 60s);
}

// All but the last packet of a message are full. What is lost is sent again and nothing else, so
// that every packet is sent a geometric number of times, 1/(1-p) in the mean with variance
// p/(1-p)^2.
TEST_P(EveryUnreliable, SendsEveryPacketUntilItGetsThrough) {
  constexpr double kLoss = 0.3;
  for (const std::int64_t size : {1'000'000, 1500, 700}) {
    constexpr int kMessages = 500;
    LossyTraffic t = one_link(lossy(BernoulliLoss{kLoss}, RetransmitConfig{1ms, 64}, Bytes{1000}));
    for (int i = 0; i < kMessages; ++i) t.start(0, 1, size);
    t.run_to_the_end();
    const auto full = static_cast<double>(size / 1000), rest = static_cast<double>(size % 1000);
    const double variance = (full * 1e6 + rest * rest) * kLoss / std::pow(1 - kLoss, 2);
    EXPECT_NEAR(static_cast<double>(t.link(0).bytes) / kMessages,
                static_cast<double>(size) / (1 - kLoss), bound(variance, kMessages))
        << size;
    if (rest == 0) {
      EXPECT_EQ(t.link(0).bytes, kMessages * size + t.link(0).lost_packets * 1000);
    }
    for (std::size_t i = 0; i < kMessages; ++i) EXPECT_TRUE(t.end(i).delivered);
  }
}

// 5 packets over 3 links: delivered with probability (1 - p)^15, where a packet is lost once at
// most.
TEST_P(EveryUnreliable, LosesPacketsOnEveryLinkOfTheRoute) {
  constexpr double kLoss = 0.02;
  const LinkConfig link{Bandwidth{kMegabytePerSecond}, 1ms};
  LossyTraffic t(model(lossy(BernoulliLoss{kLoss}, UnreliableConfig{}, Bytes{100})),
                 path({link, link, link}), 4);
  constexpr int kMessages = 20'000;
  std::int64_t lost_bytes = 0;
  int delivered = 0;
  for (int i = 0; i < kMessages; ++i) t.start(0, 3, 450);
  t.run_to_the_end();
  for (std::size_t i = 0; i < kMessages; ++i) {
    delivered += t.end(i).delivered ? 1 : 0;
    lost_bytes += t.end(i).lost.count;
  }
  const double through = std::pow(1 - kLoss, 15), each = std::pow(1 - kLoss, 3);
  EXPECT_NEAR(delivered / double{kMessages}, through, bound(through * (1 - through), kMessages));
  // Four packets of 100 bytes and one of 50.
  EXPECT_NEAR(static_cast<double>(lost_bytes) / kMessages, 450 * (1 - each),
              bound((4 * 1e4 + 2500) * each * (1 - each), kMessages));
  double sent = 5.0 * kMessages;
  for (const std::size_t l : {0u, 2u, 4u}) {
    EXPECT_NEAR(static_cast<double>(t.link(l).lost_packets) / sent, kLoss,
                bound(kLoss * (1 - kLoss), sent));
    sent -= static_cast<double>(t.link(l).lost_packets);
  }
}

// A spoilt packet is as good as lost.
TEST_P(EveryUnreliable, LosesWhatIsSpoilt) {
  LossyTraffic t = one_link({.reliability = UnreliableConfig{}, .impairments = {{.corrupt = 1}}});
  t.start(0, 1, kMegabyte);
  t.run_to_the_end();
  EXPECT_EQ(t.end(0), (End{kStart + 1s, false, Bytes{kMegabyte}}));
  EXPECT_EQ(t.link(0).corrupted_packets, 1);
  EXPECT_EQ(t.link(0).lost_packets, 0);
}

// Everything is sent twice. An ideal network does not notice; a queue serves the copies after the
// message, which delays the next one; in a fair share the message and its copies end together.
TEST_P(EveryUnreliable, CarriesCopiesToo) {
  LossyTraffic t =
      one_link({.packet = {.payload = Bytes{1000}}, .impairments = {{.duplicate = 1}}});
  t.start(0, 1, kMegabyte);
  t.start(0, 1, kMegabyte);
  t.run_to_the_end();
  const double first_s[] = {1, 1, 4}, second_s[] = {1, 3, 4};
  EXPECT_NEAR(t.end_s(0), first_s[GetParam()], kTolerance_s);
  EXPECT_NEAR(t.end_s(1), second_s[GetParam()], kTolerance_s);
  t.start(0, 1, 0);  // behind the last copies, which nobody has waited for
  t.run_to_the_end();
  const double last_s[] = {1, 4, 4};
  EXPECT_NEAR(t.end_s(2), last_s[GetParam()], kTolerance_s);
  t.run_to(10);
  EXPECT_EQ(t.link(0).duplicated_packets, 2001);
  EXPECT_EQ(t.link(0).bytes, 4 * kMegabyte);
  EXPECT_EQ(t.link(0).busy, GetParam() == 0 ? 1s : 4s);
}

TEST_P(EveryUnreliable, ForgetsCopiesOnceTheyHaveArrived) {
  LossyTraffic t = one_link({.impairments = {{.duplicate = 1}}});
  for (int i = 0; i < 100; ++i) {
    const std::size_t message = t.start(0, 1, 1000);
    EXPECT_LT(t.id(message).value, 2u);
    t.run_to_the_end();
    EXPECT_TRUE(t.ended(message));
  }
}

TEST_P(EveryUnreliable, EndsInOrderOfStartAtOneInstant) {
  // The first one is sent again at 2.2 s at the latest and then takes a second; the second one is
  // started to end with it, as far as it can be seen from outside.
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    LossyTraffic t(model({.reliability = RetransmitConfig{1s, 1},
                          .impairments = {{.links = "node0->node1",
                                           .loss = GilbertElliottLoss{.p = 1, .q = 1}}}}),
                   path({{Bandwidth{kMegabytePerSecond}, 0ms}}), seed);
    t.start(0, 1, kMegabyte);
    t.run_to(1.5);
    if (t.ended(0)) continue;  // at the first try
    t.run_to(2);
    t.start_on(1, kMegabyte);  // the other way
    t.run_to_the_end();
    EXPECT_EQ(t.end_s(0), 3);
    EXPECT_EQ(t.end_s(1), 3);
    EXPECT_EQ(t.order(), (std::vector<std::size_t>{0, 1}));
    return;
  }
  FAIL() << "ten chains begin in the good state";
}

TEST_P(EveryUnreliable, CancelsInEveryPhase) {
  // Sends until 1 s, waits until 1.2 s, sends until 2.2 s, waits until 2.6 s, and is lost at 3.6 s.
  for (const double cancel_s : {0.0, 0.5, 1.0, 1.1, 1.2, 2.0, 2.4, 3.0}) {
    LossyTraffic t(model({.reliability = RetransmitConfig{200ms, 2},
                          .impairments = {{.links = "node0->node1", .loss = BernoulliLoss{1}}}}),
                   path({{Bandwidth{kMegabytePerSecond}, 0ms}}), 1);
    t.start(0, 1, kMegabyte);
    t.run_to(cancel_s);
    ASSERT_FALSE(t.ended(0));
    t.cancel(0);
    EXPECT_EQ(t.network().next_event(), kNever) << "cancelled at " << cancel_s;
    t.start(1, 0, kMegabyte);
    t.run_to_the_end();
    EXPECT_FALSE(t.ended(0));
    EXPECT_NEAR(t.end_s(1) - cancel_s, 1, kTolerance_s) << "cancelled at " << cancel_s;
  }
}

TEST_P(EveryUnreliable, CatchesUpWithACallerThatComesLate) {
  LossyTraffic t = one_link(lossy(BernoulliLoss{1}, RetransmitConfig{200ms, 1}));
  NetworkModel& network = t.network();
  const auto route = t.topology().route(VertexId{0}, VertexId{1});
  const Transfer transfer{.route = route, .size = Bytes{kMegabyte}};
  const TransferId first = network.start(transfer, kStart);
  const TimePoint late = kStart + 5s;  // the first one was lost for good at 2.2 s
  const TransferId second = network.start(transfer, late);
  EXPECT_EQ(network.next_event(), late);
  network.cancel(first, late);  // lost, but not yet handed out
  std::vector<Completion> ended;
  network.advance(late, ended);
  EXPECT_TRUE(ended.empty());
  EXPECT_EQ(network.next_event(), late + 1s);
  network.advance(late + 10s, ended);  // its second try, too, was over in between
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].id, second);
  EXPECT_FALSE(ended[0].delivered);
  EXPECT_EQ(t.link(0).bytes, 4 * kMegabyte);
}

// Messages of no bytes take the latency or, with probability r, nothing.
TEST(Reorder, LetsMessagesOvertake) {
  constexpr double kReorder = 0.25;
  for (const std::size_t kind : {0u, 2u}) {
    NetworkConditions conditions{.impairments = {{.reorder = kReorder}}};
    NetworkConfig config = IdealConfig{conditions};
    if (kind == 2) config = FairShareConfig{.conditions = conditions};
    LossyTraffic t(config, path({{Bandwidth{1e6}, 100ms}}), 1);
    constexpr int kMessages = 2000;
    for (int i = 0; i < kMessages; ++i) {
      t.run_to(kStart + i * 1ms);
      t.start(0, 1, 0);
    }
    t.run_to_the_end();
    int overtook = 0;
    for (int i = 0; i < kMessages; ++i) {
      const Duration took = t.end(static_cast<std::size_t>(i)).at - (kStart + i * 1ms);
      EXPECT_TRUE(took == 0ms || took == 100ms);
      overtook += took == 0ms ? 1 : 0;
    }
    EXPECT_NEAR(overtook / double{kMessages}, kReorder,
                bound(kReorder * (1 - kReorder), kMessages));
    EXPECT_FALSE(std::is_sorted(t.order().begin(), t.order().end()));
  }
}

// Each message is late by the sum of what is drawn for the links of its route.
TEST(Jitter, AddsUpAlongTheRoute) {
  const std::vector<LinkConfig> links = {{Bandwidth{1e6}, 10ms}, {Bandwidth{1e6}, 20ms}};
  const std::vector impairments{ImpairmentConfig{.jitter = ParetoNormalJitter{8ms, 0.4}}};
  LossyTraffic t(IdealConfig{{.impairments = impairments}}, path(links), 9);
  Impairments draws(impairments, path(links), 9);
  for (std::size_t i = 0; i < 500; ++i) {
    const TimePoint start = t.now();
    t.start(0, 2, 0);
    t.run_to_the_end();
    const Duration drawn =
        draws.draw(LinkId{0}, {1, true}).delay + draws.draw(LinkId{2}, {1, true}).delay;
    EXPECT_EQ(t.end(i).at - start, 30ms + drawn);
  }
}

// What the model inside is asked to carry.
class Recording final : public NetworkModel {
 public:
  TransferId start(const Transfer& transfer, TimePoint) override {
    started.push_back(transfer);
    return TransferId{started.size() - 1};
  }
  void cancel(TransferId, TimePoint) override {}
  void set_link(LinkId, const LinkState&, TimePoint) override {}
  TimePoint next_event() override { return kNever; }
  void advance(TimePoint, std::vector<Completion>& ended) override {
    ended.insert(ended.end(), to_end.begin(), to_end.end());
    to_end.clear();
  }
  std::span<const LinkStatistics> statistics() const override { return links; }

  std::deque<Transfer> started;
  std::vector<Completion> to_end;
  std::vector<LinkStatistics> links = std::vector<LinkStatistics>(2);
};

struct Recorded {
  explicit Recorded(const NetworkConditions& conditions) {
    auto model = std::make_unique<Recording>();
    inside = model.get();
    network = std::make_unique<UnreliableNetwork>(std::move(model),
                                                  Impairments(conditions.impairments, topology, 1),
                                                  conditions.packet, conditions.reliability);
  }
  Topology topology = path({{Bandwidth{kMegabytePerSecond}, 30ms}});
  Recording* inside = nullptr;
  std::unique_ptr<NetworkModel> network;
};

TEST(UnreliableNetwork, KeepsAMessageAndItsCopiesToTheShareOfOneFlow) {
  Recorded r({.packet = {.payload = Bytes{300}}, .impairments = {{.duplicate = 1, .reorder = 1}}});
  const auto route = r.topology.route(VertexId{0}, VertexId{1});
  r.network->start(
      {.route = route, .size = Bytes{1000}, .delay = 7ms, .weight = 3, .cap_bytes_per_s = 5e5},
      kStart);
  ASSERT_EQ(r.inside->started.size(), 2u);
  for (const Transfer& part : r.inside->started) {
    EXPECT_EQ(part.size.count, 1000);
    EXPECT_EQ(part.delay, 7ms - 30ms);
    EXPECT_DOUBLE_EQ(part.weight, 1.5);
    EXPECT_DOUBLE_EQ(part.cap_bytes_per_s, 2.5e5);
  }
}

TEST(UnreliableNetwork, SendsAgainWhatTheModelInsideHasDropped) {
  Recorded r({.reliability = RetransmitConfig{200ms, 1}});
  const auto route = r.topology.route(VertexId{0}, VertexId{1});
  const TransferId id = r.network->start({.route = route, .size = Bytes{1000}}, kStart);
  std::vector<Completion> ended;
  r.inside->to_end = {{TransferId{0}, false, Bytes{400}}};
  r.network->advance(kStart + 1s, ended);
  EXPECT_TRUE(ended.empty());
  EXPECT_EQ(r.network->next_event(), kStart + 1200ms);
  r.network->advance(kStart + 1200ms, ended);
  ASSERT_EQ(r.inside->started.size(), 2u);
  EXPECT_EQ(r.inside->started[1].size.count, 400);
  r.inside->to_end = {{TransferId{1}, false, Bytes{150}}};
  r.network->advance(kStart + 2s, ended);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].id, id);
  EXPECT_FALSE(ended[0].delivered);
  EXPECT_EQ(ended[0].lost.count, 150);
}

// What is lost on the links and in the queues is never more than what was sent.
TEST(UnreliableNetwork, LosesNothingTwice) {
  Recorded r({.reliability = UnreliableConfig{}, .impairments = {{.loss = BernoulliLoss{1}}}});
  const auto route = r.topology.route(VertexId{0}, VertexId{1});
  r.network->start({.route = route, .size = Bytes{1000}}, kStart);
  r.inside->to_end = {{TransferId{0}, false, Bytes{400}}};
  std::vector<Completion> ended;
  r.network->advance(kStart, ended);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].lost.count, 1000);
}

TEST(MakeNetwork, DecoratesOnlyWhereSomethingMayBeLost) {
  const Topology topology = path({{Bandwidth{1e6}, 0ms}});
  const auto is_decorated = [&](const NetworkConfig& config, const FaultsConfig& faults) {
    const auto network = make_network(config, faults, topology, 1);
    return dynamic_cast<UnreliableNetwork*>(network.get()) != nullptr;
  };
  EXPECT_FALSE(is_decorated(FairShareConfig{}, {}));
  EXPECT_FALSE(is_decorated(QueuedConfig{}, {}));
  EXPECT_TRUE(is_decorated(impaired(IdealConfig{}), {}));
  EXPECT_TRUE(is_decorated(QueuedConfig{.limits = {{.packets = 3}}}, {}));
  EXPECT_TRUE(is_decorated(IdealConfig{}, {LinkOutage{}}));
}

}  // namespace
}  // namespace understudy
