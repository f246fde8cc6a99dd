// Faults of a serial line around a board that echoes.
#include "sim/board/faulty_board.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numeric>

#include "runtime/base/sleep.hpp"
#include "runtime/base/spawn.hpp"
#include "sim/time/scheduler.hpp"
#include "tests/board/echo_board.hpp"

namespace understudy {
namespace {

using Bytes8 = std::vector<std::uint8_t>;
constexpr Duration kLong = std::chrono::seconds{10};

// What comes back of `sent` until nothing more does, and when it came.
struct Heard {
  Bytes8 bytes;
  std::string gone;
  TimePoint at{};
};
Task<> converse(Board& board, Executor& executor, Bytes8 sent, Heard& heard) {
  board.write(sent);
  for (;;) {
    const auto input = co_await Read(board, executor, executor.now() + kLong);
    if (!input) co_return;
    heard.at = executor.now();
    heard.bytes.insert(heard.bytes.end(), input->bytes.begin(), input->bytes.end());
    heard.gone = input->gone;
    if (!heard.gone.empty()) co_return;
  }
}

class FaultyBoardTest : public ::testing::Test {
 protected:
  Heard hear(const LineFaultsConfig& faults, Bytes8 sent) {
    FaultyBoard board(echo_, scheduler_, faults,
                      RandomStream({.seed = 3, .purpose = Purpose::kLineFaults}));
    Heard heard;
    spawn(scheduler_, converse(board, scheduler_, std::move(sent), heard));
    scheduler_.run();
    return heard;
  }
  static Bytes8 counting(std::size_t count) {
    Bytes8 bytes(count);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    return bytes;
  }
  Scheduler scheduler_;
  EchoBoard echo_;
};

TEST_F(FaultyBoardTest, PassesEverythingWithoutFaults) {
  EXPECT_EQ(hear({}, counting(200)).bytes, counting(200));
}

TEST_F(FaultyBoardTest, LosesAndRepeatsWhatItShould) {
  EXPECT_TRUE(hear({.lose = 1}, counting(50)).bytes.empty());
  // Twice on the way there, and each of those twice on the way back.
  const Bytes8 fourfold = hear({.repeat = 1}, counting(50)).bytes;
  ASSERT_EQ(fourfold.size(), 200U);
  for (std::size_t i = 0; i < fourfold.size(); ++i) EXPECT_EQ(fourfold[i], i / 4);
}

TEST_F(FaultyBoardTest, LosesTheShareThatItIsTold) {
  const double sent = 20'000, kept = 0.9 * 0.9;  // there and back
  const auto heard =
      static_cast<double>(hear({.lose = 0.1}, Bytes8(static_cast<std::size_t>(sent))).bytes.size());
  EXPECT_NEAR(heard / sent, kept, 4 * std::sqrt(kept * (1 - kept) / sent));
}

TEST_F(FaultyBoardTest, FlipsOneBitAtATime) {
  const Bytes8 heard = hear({.flip = 1}, Bytes8(1000, 0)).bytes;
  ASSERT_EQ(heard.size(), 1000U);
  int unchanged = 0;
  for (const std::uint8_t byte : heard) {
    const int flipped = std::popcount(static_cast<unsigned>(byte));
    EXPECT_TRUE(flipped == 0 || flipped == 2);  // one on each way, now and then the same
    unchanged += flipped == 0 ? 1 : 0;
  }
  EXPECT_NEAR(unchanged, 125, 4 * std::sqrt(1000 * 0.125 * 0.875));
}

TEST_F(FaultyBoardTest, LosesWhatFollowsABrownOut) {
  EXPECT_EQ(hear({.reset_at = 10}, counting(20)).bytes.size(), 10U);
  EXPECT_EQ(echo_.resets, 1);
}

TEST_F(FaultyBoardTest, FallsSilentForGood) {
  // 20 bytes pass on their way there, and 5 on their way back.
  const Heard heard = hear({.stuck_at = 25}, counting(20));
  EXPECT_EQ(heard.bytes, counting(5));
  EXPECT_EQ(heard.gone, "");
}

TEST_F(FaultyBoardTest, SaysThatItWasUnplugged) {
  const Heard heard = hear({.unplug_at = 25}, counting(20));
  EXPECT_EQ(heard.bytes, Bytes8{});
  EXPECT_EQ(heard.gone, "unplugged");
}

Task<> come_back(Board& board, Executor& executor, Heard& before, Heard& after) {
  const Bytes8 first{1, 2, 3}, second{4, 5};
  co_await converse(board, executor, first, before);
  board.reset();  // too early
  const auto input = co_await Read(board, executor, kNever);
  EXPECT_EQ(input->gone, "unplugged");
  co_await SleepUntil(executor, kStart + Duration{std::chrono::seconds{2}});
  board.reset();
  co_await converse(board, executor, second, after);
}

TEST_F(FaultyBoardTest, ReturnsOnceItIsPluggedInAgain) {
  FaultyBoard board(echo_, scheduler_, {.unplug_at = 2, .return_after = std::chrono::seconds{1}},
                    RandomStream({.seed = 3, .purpose = Purpose::kLineFaults}));
  Heard before, after;
  spawn(scheduler_, come_back(board, scheduler_, before, after));
  scheduler_.run();
  EXPECT_EQ(before.gone, "unplugged");
  EXPECT_EQ(after.bytes, (Bytes8{4, 5}));
  EXPECT_EQ(echo_.resets, 2);  // by its power, then by DTR
}

TEST_F(FaultyBoardTest, DelaysWhatTheBoardSends) {
  const Heard heard = hear({.delay = std::chrono::milliseconds{250}}, counting(3));
  EXPECT_EQ(heard.bytes, counting(3));
  EXPECT_EQ(heard.at, kStart + Duration{std::chrono::milliseconds{250}});
}

}  // namespace
}  // namespace understudy
