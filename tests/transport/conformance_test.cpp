// What every transport does alike: order, matching, deadlines, cancelling, sizes, collectives.
#include <gtest/gtest.h>

#include "runtime/collectives/collective.hpp"
#include "tests/transport/harness.hpp"

namespace understudy {
namespace {

using Case = std::tuple<TransportUnderTest, std::size_t>;

class EveryTransport : public ::testing::TestWithParam<Case> {
 protected:
  void run(const Program& program) {
    const auto& [kind, ranks] = GetParam();
    // A window of a few chunks, so that flow control has work.
    run_everywhere(kind, ranks, program, [](ProcessTransportOptions& o) {
      o.window_bytes = std::size_t{256} << 10;
      o.chunk_bytes = std::size_t{16} << 10;
    });
  }
  static std::size_t ranks() { return std::get<1>(GetParam()); }
};

Task<> receive_pattern(Node& node, Rank from, Tag tag, std::size_t size, std::uint32_t seed) {
  const auto message = co_await node.receive(from, tag);
  EXPECT_TRUE(message && message->from == from && message->tag == tag);
  EXPECT_TRUE(message && holds_pattern(message->payload, size, seed))
      << size << " bytes, seed " << seed;
}

TEST_P(EveryTransport, CarriesEverySizeFromEveryRankToEveryRankItselfIncluded) {
  // 16 KiB is a chunk, 256 KiB the window.
  const std::vector<std::size_t> sizes = {0, 1, 7, 4096, 16384, 16385, 300'001, 1'000'003};
  run([&](Node& node) -> Task<> {
    const std::uint32_t me = node.rank().value;
    for (std::uint32_t s = 0; s < sizes.size(); ++s) {
      for (std::uint32_t to = 0; to < ranks(); ++to)
        node.send(Rank{to}, Tag{7, s}, pattern(sizes[s], 100 * me + to + s));
    }
    for (std::uint32_t s = 0; s < sizes.size(); ++s) {
      for (std::uint32_t from = 0; from < ranks(); ++from)
        co_await receive_pattern(node, Rank{from}, Tag{7, s}, sizes[s], 100 * from + me + s);
    }
  });
}

// Of equal sizes: in a network a smaller one may overtake.
TEST_P(EveryTransport, KeepsTheOrderOfOneSenderAndTag) {
  constexpr std::uint32_t kMessages = 3000;  // more than a ring of descriptors has slots
  run([&](Node& node) -> Task<> {
    const Rank next{(node.rank().index() + 1) % ranks()};
    const Rank previous{(node.rank().index() + ranks() - 1) % ranks()};
    for (std::uint32_t i = 0; i < kMessages; ++i) node.send(next, Tag{1, i % 2}, pattern(24, i));
    // One tag after the other: half of them wait.
    for (const std::uint32_t step : {1u, 0u}) {
      for (std::uint32_t i = step; i < kMessages; i += 2)
        co_await receive_pattern(node, previous, Tag{1, step}, 24, i);
    }
  });
}

TEST_P(EveryTransport, ReceivesFromAnyoneWhatThatOneSent) {
  run([&](Node& node) -> Task<> {
    const std::uint32_t me = node.rank().value;
    if (me != 0) {
      node.send(Rank{0}, Tag{2, 0}, pattern(100 + me, me));
      co_return;
    }
    std::vector<bool> seen(ranks());
    for (std::size_t i = 1; i < ranks(); ++i) {
      const auto message = co_await node.receive(std::nullopt, Tag{2, 0});
      const std::uint32_t from = message->from.value;
      EXPECT_FALSE(seen[from]);
      seen[from] = true;
      EXPECT_TRUE(holds_pattern(message->payload, 100 + from, from));
    }
  });
}

TEST_P(EveryTransport, GivesUpAtTheDeadlineAndThenStillReceives) {
  run([&](Node& node) -> Task<> {
    const Rank next{(node.rank().index() + 1) % ranks()};
    const Rank previous{(node.rank().index() + ranks() - 1) % ranks()};
    const TimePoint deadline = node.now() + std::chrono::milliseconds{5};
    const auto nothing = co_await node.receive(previous, Tag{3, 1}, deadline);
    EXPECT_FALSE(nothing.has_value());
    EXPECT_GE(node.now(), deadline);
    node.send(next, Tag{3, 0}, pattern(10, 1));
    co_await receive_pattern(node, previous, Tag{3, 0}, 10, 1);
  });
}

TEST_P(EveryTransport, ACancelledReceiveTakesNothing) {
  run([&](Node& node) -> Task<> {
    const Rank next{(node.rank().index() + 1) % ranks()};
    const Rank previous{(node.rank().index() + ranks() - 1) % ranks()};
    bool cancelled = false;
    auto waiting = node.spawn([](Node& n, Rank from, bool& seen) -> Task<> {
      try {
        co_await n.receive(from, Tag{4, 0});
      } catch (const TaskCancelled&) {
        seen = true;
        throw;
      }
    }(node, previous, cancelled));
    co_await node.sleep_until(node.now() + std::chrono::milliseconds{1});
    waiting.cancel();
    co_await waiting.ended();
    EXPECT_TRUE(cancelled);
    node.send(previous, Tag{4, 1}, pattern(0, 0));  // now it may send
    co_await receive_pattern(node, next, Tag{4, 1}, 0, 0);
    node.send(next, Tag{4, 0}, pattern(33, 5));
    co_await receive_pattern(node, previous, Tag{4, 0}, 33, 5);
  });
}

TEST_P(EveryTransport, CarriesSizesAloneOfADryPayload) {
  run([&](Node& node) -> Task<> {
    const Rank next{(node.rank().index() + 1) % ranks()};
    node.send(next, Tag{5, 0}, Payload::dry(1'000'000'000));
    const auto message = co_await node.receive(std::nullopt, Tag{5, 0});
    EXPECT_TRUE(message->payload.is_dry());
    EXPECT_EQ(message->payload.size(), 1'000'000'000u);
  });
}

// A payload that is received may be changed and passed on, and so may one of which a copy is kept.
TEST_P(EveryTransport, PassesOnWhatItReceived) {
  run([&](Node& node) -> Task<> {
    const Rank next{(node.rank().index() + 1) % ranks()};
    const Rank previous{(node.rank().index() + ranks() - 1) % ranks()};
    Payload carried = pattern(40'000, node.rank().value);
    for (std::uint32_t step = 0; step < ranks(); ++step) {
      const Payload copy = carried;
      node.send(next, Tag{6, step}, std::move(carried));
      auto message = co_await node.receive(previous, Tag{6, step});
      carried = std::move(message->payload);
      const std::size_t origin = (node.rank().index() + 2 * ranks() - step - 1) % ranks();
      const auto seed = static_cast<std::uint32_t>(origin);
      EXPECT_TRUE(holds_pattern(carried, 40'000, seed));
    }
  });
}

template <class Scalar>
std::vector<Scalar> vector_of(std::size_t rank, std::size_t size) {
  RandomStream random(
      {.seed = 3, .node = static_cast<std::uint32_t>(rank), .purpose = Purpose::kTest});
  std::vector<Scalar> vector(size);
  for (Scalar& x : vector) x = static_cast<Scalar>(random.normal());
  return vector;
}

Communicator everybody(std::size_t ranks, Rank self) {
  std::vector<Rank> members;
  std::vector<int> machines;
  for (std::size_t r = 0; r < ranks; ++r) {
    members.push_back(Rank{r});
    machines.push_back(static_cast<int>(r / 2));
  }
  return {.members = members, .index = self.index(), .machines = machines};
}

template <class Scalar>
std::vector<std::vector<Scalar>> allreduced(TransportUnderTest transport, std::size_t ranks,
                                            CollectiveKind kind, std::size_t size) {
  std::vector<std::vector<Scalar>> vectors;
  for (std::size_t r = 0; r < ranks; ++r) vectors.push_back(vector_of<Scalar>(r, size));
  run_everywhere(
      transport, ranks,
      [&](Node& node) -> Task<> {
        const Communicator members = everybody(ranks, node.rank());
        const Stretch stretch{Values(std::span(vectors[node.rank().index()])), 0, size};
        CollectiveConfig config;
        config.kind = kind;
        co_await allreduce(config, node, members, stretch, Tag{0, 0});
      },
      [](ProcessTransportOptions& o) { o.piece_bytes = 60'000; });
  return vectors;
}

TEST_P(EveryTransport, CollectivesGiveTheBitsOfTheVirtualTransport) {
  const auto& [transport, n] = GetParam();
  if (!transport) GTEST_SKIP() << "that is this one";
  for (const auto kind :
       {CollectiveKind::kRing, CollectiveKind::kTree, CollectiveKind::kHalvingDoubling,
        CollectiveKind::kParameterServer, CollectiveKind::kHierarchical}) {
    for (const std::size_t size : {1u, 33u, 50'001u}) {
      const auto expected = allreduced<float>(std::nullopt, n, kind, size);
      EXPECT_EQ(allreduced<float>(transport, n, kind, size), expected) << name(kind) << " " << size;
    }
    const auto expected = allreduced<double>(std::nullopt, n, kind, 1000);
    EXPECT_EQ(allreduced<double>(transport, n, kind, 1000), expected) << name(kind);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Transports, EveryTransport,
    ::testing::Combine(::testing::Values(TransportUnderTest(), TransportKind::kTcp,
                                         TransportKind::kIpc, TransportKind::kSharedMemory,
                                         TransportKind::kByMachine),
                       ::testing::Values(1, 2, 3, 5, 8)),
    [](const auto& test) {
      return name_of(std::get<0>(test.param)) + "_of_" + std::to_string(std::get<1>(test.param));
    });

}  // namespace
}  // namespace understudy
