// The queued model against an event loop over single packets, on random small networks, to the
// picosecond; and drop-tail by hand.
#include <gtest/gtest.h>

#include <chrono>

#include "runtime/base/random.hpp"
#include "tests/network/packet_simulator.hpp"
#include "tests/network/traffic.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

struct Options {
  std::uint64_t seed = 0;
  bool limits = false;
  bool disturb = false;  // links that go down, slow down and get another latency; cancels
};

template <class T>
T one_of(RandomStream& random, const std::vector<T>& choices) {
  return choices[static_cast<std::size_t>(random.below(choices.size()))];
}
bool chance(RandomStream& random, std::uint64_t one_in) { return random.below(one_in) == 0; }

// Rates that give whole picoseconds for a byte, also halved four times.
Link random_link(RandomStream& random, int from, int to) {
  return {VertexId{from}, VertexId{to}, Bandwidth{one_of<double>(random, {8e6, 16e6, 64e6, 80e6})},
          one_of<Duration>(random, {0us, 100us, 1ms, 1300us})};
}

Topology random_network(RandomStream& random) {
  Topology topology;
  const int vertices = 3 + static_cast<int>(random.below(4));
  for (int v = 0; v < vertices; ++v) topology.add_vertex({.name = "v" + std::to_string(v)});
  std::optional<MediumId> bus;
  Bandwidth bus_rate{};
  for (int v = 1; v < vertices; ++v) {
    Link link =
        random_link(random, static_cast<int>(random.below(static_cast<std::uint64_t>(v))), v);
    if (chance(random, 3)) {  // a cable of its own in half duplex, or one bus for several
      if (!bus || chance(random, 2)) {
        bus = topology.add_medium();
        bus_rate = link.bandwidth;
      }
      link.medium = bus;
      link.bandwidth = bus_rate;
    }
    topology.add_cable(link);
  }
  return topology;
}

// Both sides of the comparison, in step.
class Comparison {
 public:
  explicit Comparison(const Options& options)
      : options_(options),
        random_({.seed = options.seed, .purpose = Purpose::kTest}),
        config_(random_config()),
        traffic_(config_, random_network(random_)),
        reference_(traffic_.topology(), config_.conditions.packet, limits()) {
    traffic_.allow_losses();
    for (const Link& link : traffic_.topology().links())
      states_.push_back({link.bandwidth, link.latency, true});
    halved_.resize(states_.size());
  }

  void run() {
    for (int i = 0; i < 40; ++i) {
      // Times of a grid, so that much happens at one instant.
      if (!chance(random_, 4)) run_to(traffic_.now() + random_.below(40) * 50us);
      start();
      if (options_.disturb && chance(random_, 2)) disturb();
    }
    for (std::size_t link = 0; link < states_.size(); ++link) {
      states_[link].up = true;
      set_link(link);
    }
    traffic_.run_to_the_end();
    reference_.run_to(kNever - 1h);
  }

  void compare() {
    for (std::size_t m = 0; m < reference_.outcomes.size(); ++m) {
      const PacketSimulator::Outcome& expected = reference_.outcomes[m];
      ASSERT_EQ(traffic_.ended(m), expected.end.has_value()) << "message " << m;
      if (!expected.end) continue;
      ASSERT_EQ((*traffic_.end(m) - *expected.end).count(), 0) << "message " << m;
      ASSERT_EQ(traffic_.lost(m).value_or(0), expected.lost) << "message " << m;
      ended += 1;
      lost += expected.lost;
    }
    for (std::size_t link = 0; link < states_.size(); ++link) {
      const LinkStatistics& counted = traffic_.network().statistics()[link];
      EXPECT_EQ(counted.dropped_packets, reference_.dropped[link]) << "link " << link;
      if (!options_.disturb) {
        EXPECT_EQ(counted.bytes, reference_.bytes[link]) << "link " << link;
      }
      dropped += counted.dropped_packets;
    }
  }

  std::int64_t ended = 0, lost = 0, dropped = 0;

 private:
  QueuedConfig random_config() {
    QueuedConfig config;
    config.conditions.packet = {.payload = Bytes{one_of<std::int64_t>(random_, {0, 100, 1000})},
                                .overhead = Bytes{one_of<std::int64_t>(random_, {1, 40, 100})}};
    if (!options_.limits) return config;
    QueueLimitConfig limit;
    if (chance(random_, 2)) limit.bytes = Bytes{one_of<std::int64_t>(random_, {500, 2500, 9000})};
    if (!limit.bytes || chance(random_, 2)) limit.packets = one_of<int>(random_, {1, 2, 5});
    config.limits.push_back(limit);
    return config;
  }
  std::vector<PacketSimulator::Limit> limits() const {
    PacketSimulator::Limit limit;
    for (const QueueLimitConfig& config : config_.limits) {
      if (config.bytes) limit.bytes = config.bytes->count;
      if (config.packets) limit.packets = *config.packets;
    }
    return std::vector<PacketSimulator::Limit>(traffic_.topology().links().size(), limit);
  }

  void run_to(TimePoint time) {
    traffic_.run_to(time);
    reference_.run_to(time);
  }

  void start() {
    const std::size_t vertices = traffic_.topology().vertices().size();
    const VertexId from{random_.below(vertices)}, to{random_.below(vertices)};
    const auto route = traffic_.topology().route(from, to);
    const Bytes size{one_of<std::int64_t>(random_, {0, 1, 99, 100, 1000, 2500, 7777})};
    const Duration delay =
        chance(random_, 5) ? one_of<Duration>(random_, {1ms, -200us, -5ms, 77us}) : Duration{0};
    traffic_.start({.route = route, .size = size, .delay = delay});
    reference_.start(route, size, delay);
  }

  void disturb() {
    const auto victim = static_cast<std::size_t>(random_.below(reference_.outcomes.size()));
    if (chance(random_, 3) && reference_.is_under_way(victim) && traffic_.is_under_way(victim)) {
      traffic_.cancel(victim);
      reference_.cancel(victim);
    }
    const auto link = static_cast<std::size_t>(random_.below(states_.size()));
    LinkState& state = states_[link];
    if (chance(random_, 2)) state.latency = one_of<Duration>(random_, {0us, 100us, 1ms, 1300us});
    if (chance(random_, 2)) state.up = chance(random_, 2);
    if (chance(random_, 8) && halved_[link]++ < 4) state.bandwidth.bits_per_s /= 2;
    set_link(link);
  }

  void set_link(std::size_t link) {
    // Bandwidth and `up` are its medium's.
    const auto medium = traffic_.topology().links()[link].medium;
    for (std::size_t other = 0; medium && other < states_.size(); ++other) {
      if (traffic_.topology().links()[other].medium != medium) continue;
      states_[other].bandwidth = states_[link].bandwidth;
      states_[other].up = states_[link].up;
      halved_[other] = halved_[link];
    }
    traffic_.network().set_link(LinkId{link}, states_[link], traffic_.now());
    reference_.set_link(link, states_[link]);
  }

  Options options_;
  RandomStream random_;
  QueuedConfig config_;
  Traffic traffic_;
  PacketSimulator reference_;
  std::vector<LinkState> states_;
  std::vector<int> halved_;
};

void compare(bool limits, bool disturb) {
  std::int64_t ended = 0, lost = 0, dropped = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Comparison comparison({.seed = seed, .limits = limits, .disturb = disturb});
    comparison.run();
    comparison.compare();
    if (testing::Test::HasFailure()) return;
    ended += comparison.ended;
    lost += comparison.lost;
    dropped += comparison.dropped;
  }
  EXPECT_GT(ended, disturb ? 15'000 : 19'000);
  EXPECT_EQ(lost > 0 && dropped > 5'000, limits) << dropped;
}

TEST(QueuedReference, AgreesWithoutLimits) { compare(false, false); }
TEST(QueuedReference, AgreesOnWhatIsDropped) { compare(true, false); }
TEST(QueuedReference, AgreesWhereLinksChangeAndMessagesAreCancelled) { compare(false, true); }
TEST(QueuedReference, AgreesOnAllAtOnce) { compare(true, true); }

// Hosts 0 and 1 send to host 2 over a switch whose port to it is limited; 1 ms a packet.
QueuedConfig limited(std::optional<Bytes> bytes, std::optional<int> packets) {
  return {.limits = {{.links = "switch->machine2", .bytes = bytes, .packets = packets}},
          .conditions = {.packet = {.payload = Bytes{900}, .overhead = Bytes{100}}}};
}
Topology three_hosts() {
  return make_topology(ClusterConfig{.machines = 3, .inter = {Bandwidth{8e6}, 0ms}});
}

TEST(DropTail, DropsWhatDoesNotFit) {
  // At each of 1..5 ms a packet of both arrives, and one leaves at 2, 3, ... ms. With room for two,
  // one of them being sent: at 1 ms both fit (a1 b1). At 2 ms a1 has gone: a2 fits, b2 does not. At
  // 3 ms b1 has gone: a3 fits, b3 does not; and so on. Behind a5 nothing comes.
  for (const auto& config : {limited(std::nullopt, 2), limited(Bytes{2000}, std::nullopt),
                             limited(Bytes{2999}, 3), limited(Bytes{9000}, 2)}) {
    Traffic t(config, three_hosts());
    t.allow_losses();
    t.start(0, 2, 4500);
    t.start(1, 2, 4500);
    t.run_to_the_end();
    EXPECT_EQ(*t.end(0), kStart + 7ms);  // a1 b1 a2 a3 a4 a5 from 1 ms on
    EXPECT_EQ(t.lost(0), std::nullopt);
    EXPECT_EQ(*t.end(1), kStart + 5ms);  // when the last of them is dropped
    EXPECT_EQ(t.lost(1), 4 * 900);
    std::int64_t dropped = 0;
    for (const LinkStatistics& link : t.network().statistics()) dropped += link.dropped_packets;
    EXPECT_EQ(dropped, 4);
  }
}

TEST(DropTail, SparesTheSendersOwnQueue) {
  QueuedConfig config = limited(std::nullopt, 1);
  config.limits[0].links = "*";
  Traffic t(config, three_hosts());
  t.start(0, 2, 90'000);  // never more than one packet at the switch
  t.run_to_the_end();
  EXPECT_EQ(*t.end(0), kStart + 101ms);
}

TEST(DropTail, LosesAMessageOfNoBytes) {
  Traffic t(limited(Bytes{1050}, std::nullopt), three_hosts());
  t.allow_losses();
  t.start(0, 2, 900);
  t.start(1, 2, 900);
  t.run_to(0.9e-3);
  t.start(1, 2, 0);
  t.run_to_the_end();
  EXPECT_EQ(t.lost(0), std::nullopt);
  EXPECT_EQ(t.lost(1), 900);
  EXPECT_EQ(t.lost(2), 0);  // 100 bytes of header were too much at 1.1 ms
}

TEST(DropTail, DropsAMessageWholeWhereItIsOnePacket) {
  QueuedConfig config = limited(Bytes{1'000'000}, std::nullopt);
  config.conditions.packet = {};
  Traffic t(config, three_hosts());
  t.allow_losses();
  t.start(0, 2, 600'000);
  t.start(1, 2, 600'000);
  t.run_to_the_end();
  EXPECT_EQ(t.lost(0), std::nullopt);
  EXPECT_EQ(t.lost(1), 600'000);
}

TEST(DropTail, ConservesBytes) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    RandomStream random({.seed = seed, .purpose = Purpose::kTest});
    QueuedConfig config = limited(std::nullopt, 10);
    config.conditions.packet.overhead = Bytes{0};
    Traffic t(config, three_hosts());
    t.allow_losses();
    std::int64_t sent = 0, lost = 0;
    for (std::size_t i = 0; i < 100; ++i) {
      t.run_to(t.now() + Duration{static_cast<std::int64_t>(random.below(10'000'000'000))});
      const auto bytes = static_cast<std::int64_t>(random.below(20'000));
      t.start(static_cast<int>(random.below(2)), 2, bytes);
      sent += bytes;
    }
    t.run_to_the_end();
    std::int64_t arrived = 0;
    for (std::size_t i = 0; i < 100; ++i) {
      ASSERT_TRUE(t.ended(i));
      lost += t.lost(i).value_or(0);
    }
    for (std::size_t link = 0; link < t.topology().links().size(); ++link) {
      if (t.topology().link_name(LinkId{link}) == "switch->machine2")
        arrived = t.network().statistics()[link].bytes;
    }
    EXPECT_GT(lost, 0);
    EXPECT_EQ(sent, arrived + lost);
  }
}

}  // namespace
}  // namespace understudy
