// What becomes of a node whose message the network has lost.
#include <gtest/gtest.h>

#include "sim/world/virtual_world.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

// Two nodes, 1 MB/s and 10 ms apart; from rank 0 to rank 1 nothing gets through.
struct Cut {
  explicit Cut(const ReliabilityConfig& reliability) {
    options.network =
        IdealConfig{{.reliability = reliability,
                     .impairments = {{.links = "node0->node1", .loss = BernoulliLoss{1}}}}};
  }
  std::string error_of(const NodeProgram& program) {
    VirtualWorld world(topology, options);
    try {
      world.run(program);
    } catch (const TransportError& error) {
      EXPECT_EQ(error.exit_code(), ExitCode::kPeerFailed);
      return error.what();
    }
    return "";
  }
  Topology topology =
      make_topology(MeshConfig{.nodes = 2, .bandwidth = Bandwidth{8e6}, .latency = 10ms});
  WorldOptions options;
};

Task<> send_and_wait(Node& node) {
  if (node.rank() == Rank{0}) {
    node.send(Rank{1}, Tag{7, 1}, Payload::dry(1'000'000));
  } else {
    node.send(Rank{0}, Tag{8, 1}, Payload::dry(500));  // arrives
    co_await node.receive(Rank{0}, Tag{7, 1});
  }
}

TEST(LostMessage, IsToBlameWhereNothingCanGoOn) {
  EXPECT_EQ(Cut(UnreliableConfig{}).error_of(send_and_wait),
            "rank 1 waits for a message from rank 0 that the network lost at 1.01 s; "
            "network.reliability: {kind: retransmit} would have sent it again");
  // Sent 0..1.01 s, 1.21..2.22 s and 2.62..3.63 s.
  EXPECT_EQ(
      Cut(RetransmitConfig{200ms, 2}).error_of(send_and_wait),
      "rank 1 waits for a message from rank 0 that the network lost at 3.63 s, although it was "
      "sent again (network.reliability.tries: 2)");
}

TEST(LostMessage, IsToBlameAlsoWhereAnyWouldHaveDone) {
  const auto program = [](Node& node) -> Task<> {
    if (node.rank() == Rank{0}) node.send(Rank{1}, Tag{7, 1}, Payload::dry(0));
    if (node.rank() == Rank{1}) co_await node.receive(std::nullopt, Tag{7, 1});
  };
  EXPECT_EQ(Cut(UnreliableConfig{}).error_of(program).substr(0, 72),
            "rank 1 waits for a message from rank 0 that the network lost at 0.01 s; ");
}

TEST(LostMessage, IsNotToBlameForWhatNobodySent) {
  const auto program = [](Node& node) -> Task<> {
    if (node.rank() == Rank{0}) node.send(Rank{1}, Tag{7, 1}, Payload::dry(0));
    if (node.rank() == Rank{1}) co_await node.receive(Rank{0}, Tag{7, 2});
  };
  Cut cut(UnreliableConfig{});
  VirtualWorld world(cut.topology, cut.options);
  EXPECT_THROW(world.run(program), RunError);
}

TEST(LostMessage, IsGivenUpAtTheDeadline) {
  TimePoint given_up;
  bool received = true;
  const auto program = [&](Node& node) -> Task<> {
    if (node.rank() == Rank{0}) node.send(Rank{1}, Tag{7, 1}, Payload::dry(1'000'000));
    if (node.rank() == Rank{0}) co_return;
    const auto message = co_await node.receive(Rank{0}, Tag{7, 1}, kStart + 5s);
    received = message.has_value();
    given_up = node.now();
  };
  EXPECT_EQ(Cut(UnreliableConfig{}).error_of(program), "");
  EXPECT_FALSE(received);
  EXPECT_EQ(given_up, kStart + 5s);
}

}  // namespace
}  // namespace understudy
