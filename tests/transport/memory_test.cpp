// Memory that messages travel in: copies past the cache, blocks that are used again, chunks that
// become payloads where they are, exchanges in pieces.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "runtime/collectives/collective.hpp"
#include "runtime/transport/shared_arena.hpp"
#include "runtime/transport/streaming_copy.hpp"
#include "tests/transport/harness.hpp"

namespace understudy {
namespace {

TEST(StreamingCopy, CopiesEveryLengthFromAndToEveryPlaceAndNothingElse) {
  constexpr std::size_t kRoom = 512;
  std::vector<std::byte> from(kRoom);
  for (std::size_t i = 0; i < kRoom; ++i) from[i] = static_cast<std::byte>(i * 7 + 1);
  for (const std::size_t to : {0u, 1u, 16u, 63u, 64u, 65u}) {
    for (const std::size_t at : {0u, 3u, 64u}) {
      for (std::size_t count = 0; count < 200; ++count) {
        std::vector<std::byte> copy(kRoom);
        std::vector<std::byte> expected(kRoom);
        std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(at), count,
                    expected.begin() + static_cast<std::ptrdiff_t>(to));
        streaming_copy(copy.data() + to, from.data() + at, count);
        finish_streaming();
        ASSERT_EQ(copy, expected) << count << " bytes from " << at << " to " << to;
      }
    }
  }
}

TEST(SharedArena, GivesTheSameFewBlocksWhereFewAreHeldAtOnce) {
  SharedArena arena(std::size_t{1} << 24);
  std::set<const std::byte*> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto first = arena.allocate(100'000), second = arena.allocate(100'000);
    ASSERT_NE(first.get(), second.get());
    seen.insert({first.get(), second.get()});
  }
  EXPECT_EQ(seen.size(), 2u);
}

TEST(SharedArena, TakesNoMoreThanIsHeldAtOnce) {
  SharedArena arena(std::size_t{1} << 24);
  constexpr std::size_t kHeld = 40;
  std::deque<std::shared_ptr<std::byte[]>> held;
  for (int i = 0; i < 1000; ++i) {
    held.push_back(arena.allocate(4000));
    if (held.size() > kHeld) held.pop_front();
  }
  // A block is at most a quarter larger than what was asked for, and its header.
  const std::size_t most = (kHeld + 1) * ((4000 + sizeof(BlockHeader)) * 5 / 4 + kCacheLine);
  EXPECT_LE(arena.taken(), most);
}

TEST(Assembler, TakesAWholeMessageWhereItIs) {
  FrameHeader header;
  header.total = header.length = 64;
  const auto block = std::make_shared<std::byte[]>(64);
  WireFrame frame{header, {block.get(), 64}, {}, block};
  Assembler assembler;
  auto taken = assembler.take(frame);
  auto* complete = std::get_if<Assembler::Complete>(&taken);
  ASSERT_NE(complete, nullptr);
  EXPECT_EQ(complete->message.payload.bytes().data(), block.get());
  // Of half a message there has to be a copy.
  header.sequence = 1;
  header.length = 32;
  taken = assembler.take({header, {block.get(), 32}, {}, block});
  EXPECT_TRUE(std::holds_alternative<std::monostate>(taken));
  EXPECT_TRUE(assembler.in_the_middle());
}

// 1000 floats in pieces of 256: four, in each of which a ring of 3 sends 2 (3 - 1) messages.
TEST(Pieces, EachIsAnExchangeOfItsOwn) {
  constexpr std::size_t kRanks = 3;
  ProcessRun run(TransportKind::kSharedMemory, kRanks,
                 [](ProcessTransportOptions& o) { o.piece_bytes = 256 * sizeof(float); });
  std::vector<std::vector<float>> vectors(kRanks, std::vector<float>(1000, 1.0f));
  run.run([&](Node& node) -> Task<> {
    const Communicator members{.members = {Rank{0}, Rank{1}, Rank{2}},
                               .index = node.rank().index(),
                               .machines = std::vector<int>(kRanks)};
    const Stretch stretch{Values(std::span(vectors[node.rank().index()])), 0, 1000};
    const CollectiveConfig ring{.kind = CollectiveKind::kRing};
    co_await allreduce(ring, node, members, stretch, Tag{});
  });
  for (std::size_t rank = 0; rank < kRanks; ++rank) {
    EXPECT_EQ(run.counters(rank).messages_sent, 4 * 2 * (kRanks - 1));
    EXPECT_EQ(vectors[rank], std::vector<float>(1000, 3.0f));
  }
}

}  // namespace
}  // namespace understudy
