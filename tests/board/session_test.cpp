// BoardSession and the firmware's program, over a line in memory: what is trained, and what is refused.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "runtime/board/host_training.hpp"
#include "tests/board/memory_board.hpp"
#include "tests/board/samples.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

constexpr std::array kElements{protocol::kFloat32, protocol::kInt16, protocol::kInt8};
constexpr std::array kUpdates{protocol::kPerBatch, protocol::kAfterEpochs};

// Three rounds, each from the weights of the last.
Task<> train_rounds(BoardSession& session, const Shard& shard, const BoardTraining& training,
                    protocol::Mode mode, std::vector<float>& weights) {
  co_await session.open();
  if (mode == protocol::kCached) co_await session.load_shard(shard);
  if (mode == protocol::kStreamed) co_await session.configure(shard.format);
  co_await session.set_weights(weights);
  for (int round = 0; round < 3; ++round) {
    if (mode == protocol::kCached) {
      weights = co_await session.train_cached(training);
    } else {
      weights = co_await session.train_streamed(training, shard);
    }
  }
  EXPECT_EQ(co_await session.weights(), weights);
}

void expect_equal_to_host(protocol::Mode mode, const Shard& shard, const BoardTraining& training) {
  Scheduler scheduler;
  MemoryBoard board(scheduler, {});
  BoardSession session(board, scheduler);
  std::vector<float> expected = random_weights(shard.format.features);
  std::vector<float> weights = expected;
  for (int round = 0; round < 3; ++round) expected = train_on_host(shard, training, expected);
  run(scheduler, train_rounds(session, shard, training, mode, weights));
  ASSERT_EQ(weights.size(), expected.size());
  EXPECT_EQ(std::memcmp(weights.data(), expected.data(), 4 * expected.size()), 0);
  EXPECT_EQ(session.counters().retransmissions, 0);
  EXPECT_EQ(session.counters().bad_frames, 0);
  EXPECT_EQ(board.overruns, 0);
}

TEST(BoardSession, EveryModeUpdateAndElementGivesTheBitsOfTheHost) {
  for (const auto mode : {protocol::kStreamed, protocol::kCached}) {
    for (const auto update : kUpdates) {
      for (const auto element : kElements) {
        SCOPED_TRACE(fmt::format("mode {} update {} element {}", static_cast<int>(mode),
                                 static_cast<int>(update), static_cast<int>(element)));
        const Shard shard = random_shard(5, 23, element);
        const BoardTraining training{
            .epochs = 2, .batch = 4, .rate = 0.3f, .l2 = 0.01f, .update = update};
        expect_equal_to_host(mode, shard, training);
      }
    }
  }
}

TEST(BoardSession, OneToSixteenFeaturesGiveTheBitsOfTheHost) {
  for (int features = 1; features <= kernel::kMostFeatures; ++features) {
    SCOPED_TRACE(features);
    const BoardTraining training{.epochs = 3, .batch = 5, .rate = 0.1f};
    expect_equal_to_host(protocol::kCached, random_shard(features, 14, protocol::kInt8), training);
    expect_equal_to_host(protocol::kStreamed, random_shard(features, 14, protocol::kFloat32),
                         training);
  }
}

TEST(BoardSession, WorksAtEveryBaudRate) {
  const Shard shard = random_shard(4, 30, protocol::kInt16);
  const BoardTraining training{.epochs = 2, .batch = 8};
  const auto expected = train_on_host(shard, training, std::vector<float>(5));
  for (const int baud : {9600, 57600, 115200, 250000, 500000, 1000000}) {
    for (const int payload : {1, 23, 52}) {
      SCOPED_TRACE(fmt::format("{} baud, {} bytes of data a frame", baud, payload));
      Scheduler scheduler;
      MemoryBoard board(scheduler, {.baud = baud});
      BoardSession session(board, scheduler, {.link = {.data_payload = payload}});
      auto program = [&]() -> Task<> {
        co_await session.open();
        EXPECT_EQ(co_await session.train_streamed(training, shard), expected);
      };
      run(scheduler, program());
      EXPECT_LE(board.fullest, 63u);
      EXPECT_EQ(board.overruns, 0);
      EXPECT_EQ(session.counters().retransmissions, 0);
    }
  }
}

// Data frames of at most 23 bytes and 7 bytes around each; an acknowledgement of 7 bytes for each.
TEST(BoardSession, CountsTheBytesOfAStreamedEpoch) {
  Scheduler scheduler;
  MemoryBoard board(scheduler, {});
  BoardSession session(board, scheduler);
  const Shard shard = random_shard(5, 46, protocol::kFloat32);  // 46 x 21 bytes are 42 x 23
  LinkCounters before, after;
  auto program = [&]() -> Task<> {
    co_await session.open();
    co_await session.configure(shard.format);
    before = session.counters();
    co_await session.train_streamed({.epochs = 2}, shard);
    after = session.counters();
  };
  run(scheduler, program());
  const int train_frame = 7 + 16;
  const int weights_frame = 7 + 2 + 4 * 6;
  EXPECT_EQ(after.bytes_sent - before.bytes_sent, train_frame + 2 * 42 * 30);
  EXPECT_EQ(after.bytes_received - before.bytes_received, 7 + 2 * 42 * 7 + weights_frame);
  EXPECT_NEAR(to_seconds(after.time_sending - before.time_sending),
              (train_frame + 2 * 42 * 30) * 10 / 115200.0, 1e-9);
}

TEST(BoardSession, TellsWhatTheBoardIsAndDoes) {
  Scheduler scheduler;
  MemoryBoard board(scheduler, {});
  BoardSession session(board, scheduler);
  const Shard shard = random_shard(3, 10, protocol::kInt8);
  auto program = [&]() -> Task<> {
    co_await session.open();
    EXPECT_EQ(session.description().id, protocol::kNoId);
    EXPECT_EQ(session.description().most_features, 16);
    EXPECT_EQ(session.description().shard_bytes, 1024);
    EXPECT_EQ(session.description().baud, 115200);
    co_await session.set_id(7, 1000000);
    co_await session.load_shard(shard);
    co_await session.train_cached({.epochs = 4});
    const BoardStats stats = co_await session.stats();
    EXPECT_EQ(stats.samples, 40u);
    EXPECT_EQ(stats.trainings, 1);
    EXPECT_EQ(stats.computing, 40 * 100us);  // as this machine's clock goes
    EXPECT_EQ(stats.cached_samples, 10);
    EXPECT_EQ(stats.bad_frames, 0);
    EXPECT_EQ(stats.state, protocol::kIdle);
    co_await session.reset();  // its id is kept, its shard is not
    EXPECT_EQ(session.description().id, 7);
    EXPECT_EQ(session.description().baud, 1000000);
    EXPECT_EQ(session.description().reset_cause, 8);  // the watchdog's bit
    EXPECT_EQ((co_await session.stats()).cached_samples, 0);
  };
  run(scheduler, program());
  EXPECT_EQ(board.machine.lights.size() % 2, 0u);
}

std::string error_of(Scheduler& scheduler, Task<> task) {
  try {
    run(scheduler, std::move(task));
  } catch (const BoardError& error) {
    return error.what();
  }
  return "no error";
}

TEST(BoardSession, RefusesAnotherVersionOfTheProtocolNamingBoth) {
  Scheduler scheduler;
  MemoryBoard board(scheduler, {});
  board.on_answer = [](std::vector<std::uint8_t>& wire) {
    FrameReader reader;
    for (const std::uint8_t byte : wire) {
      if (auto frame = reader.push(byte)) {
        frame->payload = {2, 77, 0, 3};  // whatever version 2 may say after its number
        wire = encode(*frame);
        return;
      }
    }
  };
  BoardSession session(board, scheduler);
  EXPECT_EQ(error_of(scheduler, session.open()),
            "board under test speaks version 2 of the protocol and this program version 1: flash "
            "the firmware that comes with this program");
}

TEST(BoardSession, SaysWhatABoardRefuses) {
  const std::vector<std::pair<Shard, std::string>> cases{
      {random_shard(20, 2, protocol::kInt8), "board under test takes at most 16 features, not 20"},
      {random_shard(6, 200, protocol::kInt8),
       "board under test holds at most 146 samples of 7 bytes, not 200"},
      {random_shard(16, 16, protocol::kFloat32),
       "board under test holds at most 15 samples of 65 bytes, not 16"}};
  for (const auto& [shard, sentence] : cases) {
    Scheduler scheduler;
    MemoryBoard board(scheduler, {});
    BoardSession session(board, scheduler);
    auto program = [](BoardSession& s, const Shard& which) -> Task<> {
      co_await s.open();
      co_await s.load_shard(which);
    };
    EXPECT_EQ(error_of(scheduler, program(session, shard)), sentence);
  }
}

TEST(BoardSession, AShardThatFillsTheBoardFits) {
  const Shard shard = random_shard(6, 146, protocol::kInt8);
  expect_equal_to_host(protocol::kCached, shard, {.epochs = 1, .batch = 146});
}

TEST(BoardSession, IsFirmAboutTheId) {
  Scheduler scheduler;
  MemoryBoard board(scheduler, {});
  BoardSession session(board, scheduler, {.id = 3});
  EXPECT_EQ(error_of(scheduler, session.open()), "board under test is board 0, not board 3");
}

TEST(BoardSession, GivesUpOnASilentBoard) {
  Scheduler scheduler;
  MemoryBoard board(scheduler, {.boot = 1h});
  BoardSession session(board, scheduler);
  EXPECT_EQ(
      error_of(scheduler, session.open()),
      "board under test did not answer within 5s: it runs another firmware, or its line is not "
      "at 115200 baud");
  EXPECT_EQ(scheduler.now(), kStart + 5s);
}

}  // namespace
}  // namespace understudy
