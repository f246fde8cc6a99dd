// Emulated boards on a scheduler: frames of 1 ms, the same bits on any number of threads, resets,
// crashes and wrong rates as the host meets them.
#include "sim/board/board_fleet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/errors.hpp"
#include "runtime/base/sleep.hpp"
#include "runtime/board/host_training.hpp"
#include "tests/board/emulated_world.hpp"
#include "tests/board/samples.hpp"

namespace understudy {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string failure_of(EmulatedWorld& world, Task<> task) {
  try {
    world.run(std::move(task));
  } catch (const BoardError& error) {
    return error.what();
  }
  return "none";
}

Task<> open_only(BoardSession& session) { co_await session.open(); }

Task<> open_at(BoardSession& session, Executor& executor, TimePoint when) {
  co_await SleepUntil(executor, when);
  co_await session.open();
}

// A 0x00 and a frame of 8 bytes go there, a frame of 21 bytes comes back: 30 byte times are 2.6 ms,
// and the board takes well below a millisecond for its answer.
TEST(BoardFleet, AHelloGoesThereAndBack) {
  EmulatedWorld world;
  SessionOptions options;
  options.reset = false;
  BoardSession session(world.add("understudy"), world.scheduler, options);
  world.run(open_at(session, world.scheduler, kStart + milliseconds(100)));
  EXPECT_EQ(session.description().firmware, protocol::kFirmwareVersion);
  EXPECT_EQ(session.description().id, protocol::kNoId);
  EXPECT_EQ(session.description().baud, 115'200);
  EXPECT_GE(world.scheduler.now(), kStart + milliseconds(103));
  EXPECT_LE(world.scheduler.now(), kStart + milliseconds(104));
  EXPECT_EQ(session.counters().bytes_sent, 9);
  EXPECT_EQ(session.counters().bytes_received, 21);
}

// A board that was just reset is not there for the first hello, but for the next, 131 ms later.
TEST(BoardFleet, AHelloIsRepeatedWhileTheBoardStarts) {
  EmulatedWorld world;
  BoardSession session(world.add("understudy"), world.scheduler);
  world.run(open_only(session));
  EXPECT_EQ(session.counters().bytes_sent, 18);
  EXPECT_GE(world.scheduler.now(), kStart + milliseconds(133));
  EXPECT_LE(world.scheduler.now(), kStart + milliseconds(136));
}

// ---- Frames of 1 ms

struct Arrival {
  TimePoint at;
  std::size_t bytes;
  bool operator==(const Arrival&) const = default;
};

Task<> send_and_note(Board& board, Executor& executor, TimePoint when, std::size_t bytes,
                     std::vector<Arrival>& arrivals) {
  co_await SleepUntil(executor, when);
  board.write(std::vector<std::uint8_t>(bytes, 0x55));
  for (std::size_t heard = 0; heard < bytes;) {
    const auto input = co_await Read(board, executor, when + milliseconds(20));
    if (!input) co_return;
    heard += input->bytes.size();
    arrivals.push_back({executor.now(), input->bytes.size()});
  }
}

// What an echo of so many bytes, written then, brings back and when.
std::vector<Arrival> echo(TimePoint when, std::size_t bytes) {
  TemporaryFile eeprom("echo");
  eeprom.write(ProbeSettings{.ubrr = 16, .mode = 3}.eeprom());
  EmulatedBoardConfig config;
  config.firmware = firmware("uart_probe");
  config.eeprom_file = eeprom.path();
  EmulatedWorld world;
  Board& board = world.add(config, 115'200);
  std::vector<Arrival> arrivals;
  world.run(send_and_note(board, world.scheduler, when, bytes, arrivals));
  return arrivals;
}

// At 115200 baud byte i of those that go on the wire at t ends at t + (i + 1) 86.8 us. The board has
// it half a bit earlier, takes a few us to send it back, and that takes 85 us at the board's own rate
// of 117647 baud: the host, who waits for 86.8 us after the start bit, has byte i between
// t + 86.8 i + 168 us and t + 86.8 i + 180 us. So bytes 0 to 9 (961 us at most) come back within the
// frame in which they left, and 10 to 19 (1036 us to 1830 us) within the next.
TEST(BoardFleet, WhatIsWrittenWithinAFrameLeavesAtItsEnd) {
  const auto expected = [](TimePoint start) {
    return std::vector<Arrival>{{start + milliseconds(1), 10}, {start + milliseconds(2), 10}};
  };
  const TimePoint frame = kStart + milliseconds(5);
  EXPECT_EQ(echo(frame - microseconds(500), 20), expected(frame));
  EXPECT_EQ(echo(frame - milliseconds(1) + Duration(1), 20), expected(frame));
  EXPECT_EQ(echo(frame, 20), expected(frame));  // at that very instant
  EXPECT_EQ(echo(frame + Duration(1), 20), expected(frame + milliseconds(1)));
}

Task<> write_at(Board& board, Executor& executor, std::vector<TimePoint> times) {
  for (const TimePoint when : times) {
    co_await SleepUntil(executor, when);
    board.write(std::vector<std::uint8_t>{0x55});
  }
}
Task<> note_all(Board& board, Executor& executor, TimePoint end, std::vector<Arrival>& arrivals) {
  while (const auto input = co_await Read(board, executor, end))
    arrivals.push_back({executor.now(), input->bytes.size()});
}

// The line stays busy from frame to frame: 30 bytes take 2.6 ms of it, and what is written meanwhile
// waits behind them.
TEST(BoardFleet, ALineSendsOneByteAtATime) {
  EmulatedWorld world;
  Board& board = world.add("understudy");
  BoardSession session(board, world.scheduler);
  world.run(open_only(session));
  const TimePoint start = world.scheduler.now();
  std::vector<TimePoint> times;
  for (int i = 0; i < 5; ++i) times.push_back(start + milliseconds(i));
  const double before = board.measurements()[1].value;
  std::vector<Arrival> ignored;
  std::vector<Task<>> tasks;
  tasks.push_back(write_at(board, world.scheduler, times));
  tasks.push_back(note_all(board, world.scheduler, start + milliseconds(20), ignored));
  board.write(std::vector<std::uint8_t>(30, 0x55));
  world.run(std::move(tasks));
  EXPECT_EQ(board.measurements()[1].name, "board_bytes_received");
  EXPECT_EQ(board.measurements()[1].value - before, 35);
  EXPECT_EQ(board.measurements()[4].name, "board_framing_errors");
  EXPECT_EQ(board.measurements()[4].value, 0);
}

// ---- The same bits, whatever else there is

constexpr BoardTraining kTraining{.epochs = 2, .batch = 4, .rate = 0.25f, .l2 = 0.01f};
Shard shard_of(std::size_t board) {
  return random_shard(5, 12, protocol::kInt16, static_cast<std::uint32_t>(board + 1));
}

Task<> train(BoardSession& session, std::size_t number, std::vector<float>& weights) {
  const Shard shard = shard_of(number);
  co_await session.open();
  co_await session.load_shard(shard);
  co_await session.set_weights(random_weights(5));
  co_await session.train_cached(kTraining);
  weights = co_await session.train_streamed(kTraining, shard);
}

// Somebody else on the scheduler, whose times fall between frames and on them.
Task<> fidget(Executor& executor, Duration step, int times) {
  for (int i = 0; i < times; ++i) co_await SleepUntil(executor, executor.now() + step);
}

struct Result {
  std::vector<std::vector<float>> weights;
  std::vector<std::vector<FrameRecord>> frames;
};

Result train_boards(std::size_t boards, int threads, bool with_others) {
  EmulatedWorld world(threads);
  std::vector<std::unique_ptr<BoardSession>> sessions;
  Result result;
  result.weights.resize(boards);
  std::vector<Task<>> tasks;
  for (std::size_t i = 0; i < boards; ++i) {
    sessions.push_back(std::make_unique<BoardSession>(world.add("understudy"), world.scheduler));
    tasks.push_back(train(*sessions[i], i, result.weights[i]));
    if (with_others) tasks.push_back(fidget(world.scheduler, Duration(333'333'333 + i), 300));
  }
  if (with_others) tasks.push_back(fidget(world.scheduler, milliseconds(1), 100));
  world.run(std::move(tasks));
  for (std::size_t i = 0; i < boards; ++i) result.frames.push_back(world.frames(i));
  return result;
}

TEST(BoardFleet, ThreadsAndOtherTasksChangeNoBitAndNoTime) {
  const Result plain = train_boards(3, 0, false);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto once = train_on_host(shard_of(i), kTraining, random_weights(5));
    EXPECT_EQ(plain.weights[i], train_on_host(shard_of(i), kTraining, once));
  }
  for (const int threads : {0, 1, 2}) {
    for (const bool with_others : {false, true}) {
      const Result other = train_boards(3, threads, with_others);
      EXPECT_EQ(other.weights, plain.weights);
      for (std::size_t i = 0; i < 3; ++i) {
        // The others may keep the world going for longer.
        const auto& frames = other.frames[i];
        ASSERT_GE(frames.size(), plain.frames[i].size());
        EXPECT_TRUE(std::equal(plain.frames[i].begin(), plain.frames[i].end(), frames.begin()));
      }
    }
  }
}

// ---- What goes wrong

Task<> hear_of_a_crash(Board& board, Executor& executor, std::string& gone) {
  while (gone.empty()) {
    const auto input = co_await Read(board, executor, kStart + seconds(1));
    if (!input) co_return;
    gone = input->gone;
  }
}

EmulatedBoardConfig crashing(const TemporaryFile& eeprom) {
  eeprom.write(ProbeSettings{.mode = 0}.eeprom());
  EmulatedBoardConfig config;
  config.firmware = firmware("crash_probe");
  config.eeprom_file = eeprom.path();
  return config;
}

TEST(BoardFleet, ACrashIsToldWithItsPlace) {
  const TemporaryFile eeprom("crash");
  EmulatedWorld world;
  Board& board = world.add(crashing(eeprom), 115'200);
  std::string gone;
  world.run(hear_of_a_crash(board, world.scheduler, gone));
  EXPECT_THAT(gone, StartsWith("executed an invalid instruction at 0x"));
  EXPECT_THAT(gone, HasSubstr("(execute_data"));
  EXPECT_EQ(world.scheduler.now(), kStart + milliseconds(1));  // at the end of its frame
}

TEST(BoardFleet, ASessionWithACrashedBoardEndsAtOnce) {
  const TemporaryFile eeprom("crash");
  EmulatedWorld world;
  BoardSession session(world.add(crashing(eeprom), 115'200), world.scheduler);
  EXPECT_THAT(failure_of(world, open_only(session)),
              StartsWith("board 0 is gone: executed an invalid instruction at 0x"));
  EXPECT_LE(world.scheduler.now(), kStart + milliseconds(2));
}

// The board listens at 115200 baud; a host at another rate hears rubbish or nothing, and gives up when
// it said it would.
TEST(BoardFleet, AnotherRateIsSaidAtTheDeadline) {
  for (const int baud : {9'600, 57'600, 250'000}) {
    EmulatedWorld world;
    SessionOptions options;
    options.hello_deadline = seconds(2);
    BoardSession session(world.add("understudy", baud), world.scheduler, options);
    EXPECT_EQ(failure_of(world, open_only(session)),
              fmt::format("board 0 did not answer within 2s: it runs another firmware, or its line "
                          "is not at {} baud",
                          baud));
    EXPECT_EQ(world.scheduler.now(), kStart + seconds(2));
  }
}

TEST(BoardFleet, AnotherFirmwareIsSaidToo) {
  EmulatedWorld world;
  SessionOptions options;
  options.hello_deadline = seconds(1);
  BoardSession session(world.add("serial_event"), world.scheduler, options);
  EXPECT_THAT(failure_of(world, open_only(session)), HasSubstr("it runs another firmware, or"));
}

// The data sheet's MCUSR: bit 0 for power-on, bit 1 for the reset pin, which DTR pulls.
Task<> open_twice(Board& board, Executor& executor, std::vector<BoardDescription>& seen) {
  for (const bool reset : {false, true, true}) {
    SessionOptions options;
    options.reset = reset;
    BoardSession session(board, executor, options);
    co_await session.open();
    seen.push_back(session.description());
  }
}

TEST(BoardFleet, DtrResetsTheBoard) {
  EmulatedWorld world;
  Board& board = world.add("understudy");
  std::vector<BoardDescription> seen;
  world.run(open_twice(board, world.scheduler, seen));
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].reset_cause & 0x03, 0x01);
  EXPECT_EQ(seen[1].reset_cause & 0x03, 0x02);
  EXPECT_EQ(seen[1].resets, seen[0].resets + 1);
  EXPECT_EQ(seen[2].resets, seen[0].resets + 2);
  EXPECT_EQ(board.measurements()[5].name, "board_resets");
  EXPECT_EQ(board.measurements()[5].value, 3);  // power-on among them
}

Task<> ask_and_reset(Board& board, Executor& executor, std::size_t& heard) {
  board.write(std::vector<std::uint8_t>(200, 0x55));
  co_await SleepUntil(executor,
                      kStart + milliseconds(5));  // some are on the wire, some on their way
  board.reset();
  const auto input = co_await Read(board, executor, kStart + milliseconds(100));
  if (input) heard = input->bytes.size();
}

// But for the byte that the reset cuts short: the host's receiver has seen its start bit.
TEST(BoardFleet, AResetLosesWhatIsOnItsWayInBothDirections) {
  const TemporaryFile eeprom("echo");
  eeprom.write(ProbeSettings{.ubrr = 16, .mode = 3}.eeprom());
  EmulatedBoardConfig config;
  config.firmware = firmware("uart_probe");
  config.eeprom_file = eeprom.path();
  EmulatedWorld world;
  Board& board = world.add(config, 115'200);
  std::size_t heard = 0;
  world.run(ask_and_reset(board, world.scheduler, heard));
  EXPECT_LE(heard, 1u);
}

}  // namespace
}  // namespace understudy
