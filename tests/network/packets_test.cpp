// Messages in packets: closed forms of store and forward, and the wire size in every model.
#include "sim/network/packets.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/network/traffic.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

constexpr double kTolerance_s = 1e-11;
constexpr PacketConfig kEthernet{.payload = Bytes{1448}, .overhead = Bytes{90}};
constexpr double kEthernetPacket_s = 1538e-6;  // at 1 MB/s

QueuedConfig queued(const PacketConfig& packet) { return {.conditions = {.packet = packet}}; }

std::vector<LinkConfig> links(int hops, Duration latency) {
  return std::vector<LinkConfig>(static_cast<std::size_t>(hops),
                                 {Bandwidth{kMegabytePerSecond}, latency});
}

TEST(Packets, AreCounted) {
  EXPECT_EQ(packet_count({}, Bytes{0}), 1);
  EXPECT_EQ(packet_count({}, Bytes{1'000'000'000'000}), 1);
  EXPECT_EQ(packet_count(kEthernet, Bytes{0}), 1);
  EXPECT_EQ(packet_count(kEthernet, Bytes{1448}), 1);
  EXPECT_EQ(packet_count(kEthernet, Bytes{1449}), 2);
  EXPECT_EQ(packet_count({.payload = Bytes{1}}, Bytes{INT64_MAX}), INT64_MAX);
  EXPECT_EQ(wire_size(kEthernet, Bytes{0}).count, 90);
  EXPECT_EQ(wire_size(kEthernet, Bytes{3000}).count, 3000 + 3 * 90);
  EXPECT_EQ(wire_size({.overhead = Bytes{7}}, Bytes{3000}).count, 3007);
  EXPECT_THROW(wire_size({.payload = Bytes{1}, .overhead = Bytes{1}}, Bytes{INT64_MAX}),
               std::overflow_error);
}

TEST(Packets, PipelineOverHopsOfOneRate) {
  for (const int packets : {1, 2, 3, 10, 691}) {
    for (int hops = 1; hops <= 6; ++hops) {
      Traffic t(queued(kEthernet), path(links(hops, 5ms)));
      t.start(0, hops, packets * 1448);
      t.run_to_the_end();
      EXPECT_NEAR(t.end_s(0), (packets + hops - 1) * kEthernetPacket_s + hops * 5e-3, kTolerance_s)
          << packets << " packets, " << hops << " hops";
    }
  }
}

TEST(Packets, AreHeldUpByTheSlowestLinkOnly) {
  // 100 packets of 1000 bytes, which take 1, 4 and 2 ms on the three links.
  Traffic t(queued({.payload = Bytes{1000}}),
            path({{Bandwidth{8e6}, 0ms}, {Bandwidth{2e6}, 0ms}, {Bandwidth{4e6}, 0ms}}));
  t.start(0, 3, 100'000);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 1e-3 + 100 * 4e-3 + 2e-3, kTolerance_s);
}

TEST(Packets, AShortLastOneCatchesUpOnTheOthers) {
  // Packets of 1000, 1000 and 10 bytes. The last waits at the second link until the one before is
  // out, at 3 ms, but on the third it waits for nothing but the one before, out at 4 ms.
  Traffic t(queued({.payload = Bytes{1000}}), path(links(3, 0ms)));
  t.start(0, 3, 2010);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 4.01e-3, kTolerance_s);
}

TEST(Packets, OfOneMessageAllGoBeforeTheNextMessage) {
  Traffic t(queued({.payload = Bytes{1000}}), path(links(2, 0ms)));
  t.start(0, 2, 10'000);
  t.start(0, 1, 5'000);
  t.start(0, 2, 1'000);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 11e-3, kTolerance_s);
  EXPECT_NEAR(t.end_s(1), 15e-3, kTolerance_s);
  EXPECT_NEAR(t.end_s(2), 17e-3, kTolerance_s);
}

TEST(Packets, OfTwoSendersTakeTurnsBehindASwitch) {
  // Each sends 3 packets of 1 ms to the same host; at the switch, at 1, 2 and 3 ms, two arrive, of
  // which the first sender's goes first.
  Traffic t(queued({.payload = Bytes{1000}}),
            make_topology(ClusterConfig{.machines = 3, .inter = {Bandwidth{8e6}, 0ms}}));
  t.start(0, 2, 3'000);
  t.start(1, 2, 3'000);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 6e-3, kTolerance_s);
  EXPECT_NEAR(t.end_s(1), 7e-3, kTolerance_s);
}

TEST(Packets, TakeTheOverheadInEveryModel) {
  // 3000 bytes are 3 packets; nothing at all is one.
  for (int hops = 1; hops <= 4; ++hops) {
    const double wire_s = 3270e-6, latency_s = hops * 7e-3;
    // Two whole packets and one of 104 + 90 bytes: the last follows on the others at each link.
    const double queued_s = latency_s + (hops + 1) * kEthernetPacket_s + 194e-6;
    for (const NetworkConfig& config :
         {NetworkConfig{IdealConfig{.conditions = {.packet = kEthernet}}},
          NetworkConfig{queued(kEthernet)},
          NetworkConfig{FairShareConfig{.conditions = {.packet = kEthernet}}}}) {
      const bool is_queued = config.index() == 1;
      Traffic t(config, path(links(hops, 7ms)));
      t.start(0, hops, 3000);
      t.run_to(1);
      t.start(0, hops, 0);
      t.run_to_the_end();
      EXPECT_NEAR(t.end_s(0), is_queued ? queued_s : latency_s + wire_s, kTolerance_s);
      EXPECT_NEAR(t.end_s(1), 1 + latency_s + (is_queued ? hops : 1) * 90e-6, kTolerance_s);
      for (int hop = 0; hop < hops; ++hop) {
        const LinkStatistics& link = t.network().statistics()[static_cast<std::size_t>(2 * hop)];
        EXPECT_EQ(link.bytes, 3270 + 90) << name_of(config);
        EXPECT_EQ(link.messages, 2) << name_of(config);
      }
    }
  }
}

TEST(Packets, OfFractionsOfPicosecondsDoNotDrift) {
  // A packet takes 428.571... us on the middle link, and 100,000 of them are more than 1e-8 s off if
  // each is rounded by itself.
  Traffic t(queued({.payload = Bytes{1500}}),
            path({{Bandwidth{1e9}, 0ms}, {Bandwidth{28e6}, 0ms}, {Bandwidth{1e9}, 0ms}}));
  t.start(0, 2, 150'000'000);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 12e-6 + 100'000 * 12e3 / 28e6, kTolerance_s);
}

TEST(Packets, AreInsideOnlyAsLongAsTheyAreUnderWay) {
  // Slots are ids, so a low id at the end says that packets' slots were used again: 10,000 packets,
  // of which 11 at a time are on the way to the second link or on it.
  Traffic t(queued({.payload = Bytes{1000}}), path(links(2, 10ms)));
  t.start(0, 2, 10'000'000);
  t.run_to(5);
  std::size_t id = 0;
  for (int i = 0; i < 5; ++i) id = std::max(id, t.id(t.start(0, 0, 0)).index());
  EXPECT_LE(id, 40u);
  t.run_to_the_end();
}

TEST(Packets, StopInFrontOfALinkThatIsDownAndGoOnBehindIt) {
  // 20 packets of 1 ms, 5 ms to the next vertex. When the first link goes down at 10.5 ms ten have
  // left and one is half sent; it stays down for 100 ms.
  Traffic t(queued({.payload = Bytes{1000}}), path(links(2, 5ms)));
  t.start(0, 2, 20'000);
  t.run_to(10.5e-3);
  t.set_link(0, kMegabytePerSecond, false);
  t.run_to(50e-3);
  EXPECT_EQ(t.network().next_event(), kNever);
  EXPECT_EQ(t.network().statistics()[2].bytes, 10'000);
  EXPECT_EQ(t.network().statistics()[0].down, 39500us);
  t.run_to(110.5e-3);
  t.set_link(0, kMegabytePerSecond, true);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 100e-3 + 21e-3 + 10e-3, kTolerance_s);
  EXPECT_EQ(t.network().statistics()[0].down, 100ms);
  EXPECT_EQ(t.network().statistics()[2].down, 0ms);
}

TEST(Packets, KeepTheLatencyThatTheyLeftWith) {
  // At 10 ms the latency falls from 100 ms to none: the ten that have left are overtaken by the
  // rest, and the message ends with the tenth, at 10 + 100 + 1 ms.
  const Topology topology = path(links(2, 100ms));
  const auto network = make_network_model(queued({.payload = Bytes{1000}}), topology);
  network->start({.route = topology.route(VertexId{0}, VertexId{2}), .size = Bytes{20'000}},
                 kStart);
  network->set_link(LinkId{2}, {Bandwidth{kMegabytePerSecond}, 0ms}, kStart);
  network->set_link(LinkId{0}, {Bandwidth{kMegabytePerSecond}, 0ms}, kStart + 10ms);
  std::vector<Completion> ended;
  network->advance(kStart + 111ms - 1ns, ended);
  EXPECT_TRUE(ended.empty());
  EXPECT_EQ(network->statistics()[2].bytes, 19'000);
  EXPECT_EQ(network->next_event(), kStart + 111ms);
}

TEST(Packets, AreTakenOutOfTheNetworkByCancel) {
  // The first message has packets on both links and between when it goes; then the second one has
  // them to itself.
  Traffic t(queued({.payload = Bytes{1000}}), path(links(2, 5ms)));
  t.start(0, 2, 100'000);
  t.start(0, 2, 10'000);
  t.run_to(20e-3);
  t.cancel(0);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(1), 20e-3 + 11e-3 + 10e-3, kTolerance_s);
  EXPECT_EQ(t.network().statistics()[0].bytes, 20'000 + 10'000);
  EXPECT_EQ(t.network().statistics()[2].bytes, 15'000 - 1'000 + 10'000);  // sent from 6 ms on
}

TEST(Packets, OfOneMediumTakeTurns) {
  // Both ways of a half duplex cable: the message that came first goes first.
  Traffic t(queued({.payload = Bytes{1000}}),
            path({{Bandwidth{kMegabytePerSecond}, 3ms, std::nullopt, Duplex::kHalf}}));
  t.start(0, 1, 10'000);
  t.start(1, 0, 4'000);
  t.start(0, 1, 1'000);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 13e-3, kTolerance_s);
  EXPECT_NEAR(t.end_s(1), 17e-3, kTolerance_s);
  EXPECT_NEAR(t.end_s(2), 18e-3, kTolerance_s);
  EXPECT_EQ(t.network().statistics()[0].bytes, 11'000);
  EXPECT_EQ(t.network().statistics()[1].bytes, 4'000);
  EXPECT_EQ(t.network().statistics()[1].busy, 4ms);
  EXPECT_EQ(t.network().statistics()[1].queueing, 10ms);
}

TEST(Packets, CrossABusTwiceWhereItRelaysThem) {
  // Three vertices on one medium in a row: each packet is sent twice on it. Packet 1 is sent at
  // 0..1 ms; the train behind it has the medium until 3 ms, and then the relayed packets follow.
  Topology topology;
  for (const char* name : {"a", "b", "c"}) topology.add_vertex({.name = name});
  const MediumId bus = topology.add_medium();
  for (const int from : {0, 1}) {
    topology.add_cable(
        {VertexId{from}, VertexId{from + 1}, Bandwidth{kMegabytePerSecond}, 0ms, bus});
  }
  const auto network = make_network_model(queued({.payload = Bytes{1000}}), topology);
  network->start({.route = topology.route(VertexId{0}, VertexId{2}), .size = Bytes{3'000}}, kStart);
  std::vector<Completion> ended;
  network->advance(kStart + 6ms - 1ns, ended);
  EXPECT_TRUE(ended.empty());
  network->advance(kStart + 6ms, ended);
  EXPECT_EQ(ended.size(), 1u);
}

TEST(Packets, ADelayIsPaidAfterTheLastLinkAndNeverNegative) {
  for (const PacketConfig& packet : {PacketConfig{}, PacketConfig{.payload = Bytes{1000}}}) {
    for (const auto& [delay, end_s] : {std::pair<Duration, double>{7ms, 2 + 2 + 10 + 7},
                                       {-1ms, 2 + 2 + 10 - 1},
                                       {-5ms, 2 + 2 + 10 - 5},
                                       {-6ms, 2 + 2 + 10 - 5}}) {
      Traffic t(queued(packet), path(links(2, 5ms)));
      t.start({.route = t.topology().route(VertexId{0}, VertexId{2}),
               .size = Bytes{2000},
               .delay = delay});
      t.start(0, 2, 2000);
      t.run_to_the_end();
      const double pipelined = packet.payload.count > 0 ? 1 : 0;
      EXPECT_NEAR(t.end_s(0), (end_s - pipelined) * 1e-3, kTolerance_s);
      EXPECT_NEAR(t.end_s(1), (2 + 2 + 2 + 10 - pipelined) * 1e-3, kTolerance_s);
    }
  }
}

}  // namespace
}  // namespace understudy
