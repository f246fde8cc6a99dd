// Ports, with pseudo-terminals in place of hardware, under a scheduler held to real time.
#include "runtime/board/tty.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>

#include "runtime/base/errors.hpp"
#include "runtime/base/sleep.hpp"
#include "runtime/base/spawn.hpp"
#include "runtime/board/serial_ports.hpp"
#include "runtime/board/tty_board.hpp"
#include "sim/time/scheduler.hpp"

namespace understudy {
namespace {

using Bytes8 = std::vector<std::uint8_t>;
using ::testing::HasSubstr;

std::string refusal(const std::string& path, int baud = 115'200) {
  try {
    const Tty tty(path, baud);
  } catch (const BoardError& problem) {
    return problem.what();
  }
  return "";
}

TEST(Tty, CarriesEveryByteBothWays) {
  PseudoTerminal terminal;
  Tty tty(terminal.path(), 250'000);
  Bytes8 all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  Bytes8 to_board = all, at_board, at_host;
  EXPECT_EQ(tty.write(to_board), Tty::State::kOpen);
  EXPECT_TRUE(to_board.empty());
  terminal.read(at_board);
  EXPECT_EQ(at_board, all);
  terminal.write(all);
  EXPECT_EQ(tty.read(at_host), Tty::State::kOpen);
  EXPECT_EQ(at_host, all);
}

TEST(Tty, ShowsItsRateAndDtrToTheOtherSide) {
  PseudoTerminal terminal;
  EXPECT_EQ(terminal.baud(), 0);
  {
    Tty tty(terminal.path(), 250'000);
    EXPECT_EQ(terminal.baud(), 250'000);
    tty.set_dtr(false);
    EXPECT_EQ(terminal.baud(), 0);
    tty.set_dtr(true);
    EXPECT_EQ(terminal.baud(), 250'000);
  }
  EXPECT_EQ(terminal.baud(), 0);
}

TEST(Tty, NoticesThatTheOtherSideIsGone) {
  std::optional<PseudoTerminal> terminal(std::in_place);
  Tty tty(terminal->path(), 9'600);
  terminal.reset();
  Bytes8 bytes;
  EXPECT_EQ(tty.read(bytes), Tty::State::kGone);
  Bytes8 more{1};
  EXPECT_EQ(tty.write(more), Tty::State::kGone);
}

TEST(Tty, RefusesWithOneClearSentence) {
  EXPECT_THAT(refusal("/dev/ttyACM99"), HasSubstr("there is no port /dev/ttyACM99; "));
  EXPECT_EQ(refusal("/dev/null"), "/dev/null is not a serial port");
  PseudoTerminal terminal;
  const Tty first(terminal.path(), 9'600);
  EXPECT_EQ(refusal(terminal.path()),
            "the port " + terminal.path() + " is in use by another program");
}

TEST(Tty, NamesTheGroupThatMayOpenAPort) {
  if (geteuid() == 0) GTEST_SKIP() << "root may open every port";
  PseudoTerminal terminal;
  std::filesystem::permissions(terminal.path(), std::filesystem::perms::none);
  EXPECT_THAT(refusal(terminal.path()), HasSubstr("become a member of group "));
}

TEST(SerialPorts, AreFoundByTheirUsbIdentityOrNamed) {
  EXPECT_EQ(resolve_port("/dev/ttyUSB0"), "/dev/ttyUSB0");
  EXPECT_THROW(resolve_port("0000:0000"), BoardError);
}

// Everything below is on the wall's clock; what it asserts holds on however slow a machine.
class RealTimeTest : public ::testing::Test {
 protected:
  RealTimeTest() { scheduler_.hold_to(&real_time_); }
  RealTime real_time_;
  Scheduler scheduler_;
};

Task<> sleep_twice(Executor& executor, std::vector<TimePoint>& woken) {
  for (int ms : {20, 50}) {
    co_await SleepUntil(executor, kStart + Duration{std::chrono::milliseconds{ms}});
    woken.push_back(executor.now());
  }
}

TEST_F(RealTimeTest, EventsComeAtTheirTimeAndNotBefore) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<TimePoint> woken;
  spawn(scheduler_, sleep_twice(scheduler_, woken));
  scheduler_.run();
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds{50});
  EXPECT_EQ(woken, (std::vector<TimePoint>{kStart + Duration{std::chrono::milliseconds{20}},
                                           kStart + Duration{std::chrono::milliseconds{50}}}));
}

Task<> ask(Board& board, Executor& executor, Bytes8& answer) {
  board.write(Bytes8{1, 2, 3});
  const auto input = co_await Read(board, executor, executor.now() + from_seconds(10));
  if (input) answer = input->bytes;
}

TEST_F(RealTimeTest, AReadEndsWhenBytesCome) {
  PseudoTerminal terminal;
  TtyBoard board(scheduler_, real_time_, {.port = terminal.path()});
  real_time_.watch(terminal.file(), FileEvent::kReadable, [&] {
    Bytes8 bytes;
    terminal.read(bytes);
    terminal.write(bytes);
  });
  Bytes8 answer;
  spawn(scheduler_, ask(board, scheduler_, answer));
  scheduler_.run();
  EXPECT_EQ(answer, (Bytes8{1, 2, 3}));
}

Task<> wait_for(Board& board, Executor& executor, Duration patience, std::string& how) {
  const auto input = co_await Read(board, executor, executor.now() + patience);
  how = !input ? "nothing" : input->gone;
}

TEST_F(RealTimeTest, AReadEndsAtItsDeadline) {
  PseudoTerminal terminal;
  TtyBoard board(scheduler_, real_time_, {.port = terminal.path()});
  std::string how;
  spawn(scheduler_, wait_for(board, scheduler_, from_seconds(0.01), how));
  scheduler_.run();
  EXPECT_EQ(how, "nothing");
}

TEST_F(RealTimeTest, AReadEndsWhenTheLineGoes) {
  std::optional<PseudoTerminal> terminal(std::in_place);
  TtyBoard board(scheduler_, real_time_, {.port = terminal->path()});
  std::string how;
  spawn(scheduler_, wait_for(board, scheduler_, from_seconds(10), how));
  terminal.reset();
  scheduler_.run();
  EXPECT_EQ(how, "unplugged");
}

Task<> reset_and_wait(Board& board, Executor& executor) {
  board.reset();
  co_await SleepUntil(executor, executor.now() + from_seconds(0.05));
}

TEST_F(RealTimeTest, AResetPulsesDtrAndForgetsWhatWasOnItsWay) {
  PseudoTerminal terminal;
  TtyBoard board(scheduler_, real_time_, {.port = terminal.path(), .baud = 57'600});
  board.write(Bytes8{1});
  terminal.write(Bytes8{2});
  std::vector<int> rates{terminal.baud()};
  spawn(scheduler_, reset_and_wait(board, scheduler_));
  real_time_.watch(terminal.file(), FileEvent::kWritable, [&] {  // as often as the loop turns
    if (rates.back() != terminal.baud()) rates.push_back(terminal.baud());
  });
  scheduler_.run();
  EXPECT_EQ(rates, (std::vector<int>{57'600, 0, 57'600}));
  std::string how;
  spawn(scheduler_, wait_for(board, scheduler_, from_seconds(0.01), how));
  scheduler_.run();
  EXPECT_EQ(how, "nothing");
}

}  // namespace
}  // namespace understudy
