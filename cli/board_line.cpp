// What passes bytes between a board and a terminal without knowing what they mean.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <optional>

#include "cli/board.hpp"
#include "cli/interrupt.hpp"
#include "runtime/base/sleep.hpp"
#include "runtime/base/spawn.hpp"
#include "sim/board/world_boards.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

// A path that points to another as long as this lives.
class TemporaryLink {
 public:
  TemporaryLink(const std::string& path, const std::string& target) : path_(path) {
    std::error_code problem;
    if (fs::is_symlink(path_, problem)) fs::remove(path_, problem);
    fs::create_symlink(target, path_, problem);
    if (problem)
      throw RunError(fmt::format("{}: the link can't be made: {}", path, problem.message()));
  }
  ~TemporaryLink() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  TemporaryLink(const TemporaryLink&) = delete;
  TemporaryLink& operator=(const TemporaryLink&) = delete;

 private:
  fs::path path_;
};

Task<> wait_until(Executor& executor, TimePoint end) {
  while (executor.now() < end) {
    const TimePoint next = std::min(end, executor.now() + Duration{std::chrono::minutes{1}});
    co_await SleepUntil(executor, next);
  }
}

Task<> show(Board& board, Executor& executor, bool hex) {
  for (;;) {
    const auto input = co_await Read(board, executor, kNever);
    if (!input->bytes.empty() && hex) {
      std::cout << fmt::format("{:02x}\n", fmt::join(input->bytes, " ")) << std::flush;
    } else {
      std::cout.write(reinterpret_cast<const char*>(input->bytes.data()),
                      static_cast<std::streamsize>(input->bytes.size()));
      std::cout.flush();
    }
    if (!input->gone.empty()) throw BoardError(fmt::format("{}: {}", board.name(), input->gone));
  }
}

void pass_on_typing(RealTime& real_time, Board& board) {
  std::uint8_t typed[256];
  const ssize_t count = read(STDIN_FILENO, typed, sizeof typed);
  if (count > 0) return board.write({typed, static_cast<std::size_t>(count)});
  real_time.ignore(STDIN_FILENO, FileEvent::kReadable);
}

// A program on a scheduler of its own, in real time.
struct Bench {
  Bench() {
    scheduler.hold_to(&real_time);
    scheduler.set_interrupt(&catch_interrupts());
  }
  RealTime real_time;
  Scheduler scheduler;
};

}  // namespace

void talk_to(const PortOptions& options, const std::function<Task<>(Board&, Executor&)>& talk) {
  RealTime real_time;
  Scheduler scheduler;
  scheduler.set_interrupt(&catch_interrupts());
  BoardConfig config;
  if (options.port == "simavr") {
    config = SimavrBoardConfig{.chip = {.baud = options.baud}};
  } else {
    config = SerialBoardConfig{.port = options.port, .baud = options.baud};
  }
  WorldBoards boards({config}, scheduler, real_time, nullptr, 0);
  spawn(scheduler, talk(boards.board(0), scheduler));
  scheduler.run();
}

void emulate_board(const EmulateOptions& options, const Session& session) {
  Bench bench;
  PseudoTerminal terminal;
  std::optional<TemporaryLink> link;
  if (!options.link.empty()) link.emplace(options.link, terminal.path());
  BoardFleet fleet(bench.scheduler, nullptr);
  fleet.add(make_chip(options.chip, terminal.path()), std::make_unique<PtyLine>(terminal));
  const std::string& path = options.link.empty() ? terminal.path() : options.link;
  if (session.json) {
    std::cout << fmt::format("{{\"port\": \"{}\"}}\n", path) << std::flush;
  } else {
    std::cout << path << std::endl;
    if (!session.quiet) std::cerr << "the board is on; Ctrl-C ends it\n";
  }
  const TimePoint end = options.seconds > 0 ? kStart + from_seconds(options.seconds) : kNever;
  spawn(bench.scheduler, wait_until(bench.scheduler, end));
  bench.scheduler.run();
}

void monitor_board(const MonitorOptions& options) {
  Bench bench;
  TtyBoard board(bench.scheduler, bench.real_time,
                 {.port = options.at.port, .baud = options.at.baud});
  bench.real_time.watch(STDIN_FILENO, FileEvent::kReadable,
                        [&] { pass_on_typing(bench.real_time, board); });
  spawn(bench.scheduler, show(board, bench.scheduler, options.hex));
  bench.scheduler.run();
}

}  // namespace understudy
