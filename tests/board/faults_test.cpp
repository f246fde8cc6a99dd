// A round on a board, with every fault at every frame boundary in either direction.
#include <gtest/gtest.h>

#include "runtime/board/host_training.hpp"
#include "tests/board/memory_board.hpp"
#include "tests/board/samples.hpp"

namespace understudy {
namespace {


constexpr BoardTraining kTraining{.epochs = 2, .batch = 3, .rate = 0.25f};

const Shard& shard() {
  static const Shard shard = random_shard(13, 5, protocol::kInt16);
  return shard;
}

std::vector<float> expected_weights() {
  return train_on_host(shard(), kTraining,
                       train_on_host(shard(), kTraining, random_weights(13)));
}

// Two rounds, the first cached and the second streamed; 14 weights take two frames.
Task<> two_rounds(BoardSession& session, std::vector<float>& weights, std::uint32_t& samples) {
  co_await session.open();
  co_await session.load_shard(shard());
  const auto start = random_weights(13);
  co_await session.set_weights(start);
  co_await session.train_cached(kTraining);
  co_await session.train_streamed(kTraining, shard());
  weights = co_await session.weights();
  samples = (co_await session.stats()).samples;
}

struct Outcome {
  std::vector<float> weights;
  std::uint32_t samples = 0;
  std::string error;
  LinkCounters counters;
};

Outcome play(const MemoryBoard::FaultOf& fault_of) {
  Scheduler scheduler;
  MemoryBoard board(scheduler, {});
  board.fault_of = fault_of;
  BoardSession session(board, scheduler);
  Outcome outcome;
  try {
    run(scheduler, two_rounds(session, outcome.weights, outcome.samples));
  } catch (const BoardError& error) {
    outcome.error = error.what();
  }
  outcome.counters = session.counters();
  return outcome;
}

struct Place {
  Direction direction;
  int number;
};

// The last byte of every frame, the one before it and the first two of the next, in both directions.
std::vector<Place> boundaries() {
  std::vector<Place> places;
  play([&](Direction direction, int number, std::uint8_t byte) {
    for (int i = -1; byte == 0 && i < 3; ++i) places.push_back({direction, number + i});
    return Fault::kNone;
  });
  return places;
}

Outcome play(Fault fault, Place place) {
  return play([&](Direction direction, int number, std::uint8_t) {
    return direction == place.direction && number == place.number ? fault : Fault::kNone;
  });
}

TEST(Faults, NoneNeedsNoRetransmission) {
  const Outcome outcome = play([](Direction, int, std::uint8_t) { return Fault::kNone; });
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.weights, expected_weights());
  EXPECT_EQ(outcome.samples, 2u * 2 * 5);
  EXPECT_EQ(outcome.counters.retransmissions, 0);
  EXPECT_GT(boundaries().size(), 100u);
}

TEST(Faults, ADamagedByteChangesNothingAndCountsNoSampleTwice) {
  const auto expected = expected_weights();
  std::int64_t retransmissions = 0;
  for (const Fault fault : {Fault::kLost, Fault::kFlipped, Fault::kDoubled}) {
    for (const Place place : boundaries()) {
      const Outcome outcome = play(fault, place);
      ASSERT_EQ(outcome.error, "") << static_cast<int>(place.direction) << " " << place.number;
      ASSERT_EQ(outcome.weights, expected) << static_cast<int>(place.direction) << place.number;
      ASSERT_EQ(outcome.samples, 2u * 2 * 5);
      retransmissions += outcome.counters.retransmissions;
    }
  }
  EXPECT_GT(retransmissions, 100);
}

TEST(Faults, ABadLineChangesNothingEither) {
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    RandomStream random({.seed = seed, .purpose = Purpose::kFaults});
    const Outcome outcome = play([&](Direction, int, std::uint8_t) {
      const std::uint64_t draw = random.below(600);
      return draw < 3 ? static_cast<Fault>(1 + draw) : Fault::kNone;
    });
    ASSERT_EQ(outcome.error, "") << seed;
    ASSERT_EQ(outcome.weights, expected_weights()) << seed;
  }
}

// A board that forgets its shard must not go on as if nothing had happened. While it is greeted a
// brown-out does no harm, nor after its last answer.
TEST(Faults, ABrownOutIsNoticedAndNamed) {
  int noticed = 0;
  for (const Place place : boundaries()) {
    const Outcome outcome = play(Fault::kBrownOut, place);
    if (outcome.error.empty()) {
      ASSERT_EQ(outcome.weights, expected_weights());
      continue;
    }
    ++noticed;
    ASSERT_EQ(outcome.error,
              "board under test was reset by a brown-out and has lost what it was told");
  }
  EXPECT_GT(noticed, 100);
}

TEST(Faults, AnUnpluggedBoardIsNoticedAtOnce) {
  for (const Place place : boundaries()) {
    const Outcome outcome = play(Fault::kUnplugged, place);
    if (outcome.error.empty()) continue;  // there was no byte of this number
    ASSERT_EQ(outcome.error, "board under test is gone: unplugged");
  }
}

TEST(Faults, ALineThatLosesEverythingIsGivenUp) {
  int down = 0;
  const Outcome outcome = play([&](Direction direction, int, std::uint8_t) {
    down += direction == Direction::kDown;
    return down > 200 ? Fault::kLost : Fault::kNone;
  });
  EXPECT_EQ(outcome.error.rfind("board under test fell silent: ", 0), 0u) << outcome.error;
  EXPECT_EQ(outcome.error.substr(outcome.error.find(" was sent")),
            " was sent 10 times without an answer");
}

}  // namespace
}  // namespace understudy
