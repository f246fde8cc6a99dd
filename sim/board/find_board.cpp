#include "sim/board/find_board.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <optional>

#include "runtime/base/errors.hpp"
#include "runtime/base/spawn.hpp"
#include "runtime/board/session.hpp"
#include "runtime/board/tty_board.hpp"
#include "sim/time/scheduler.hpp"

namespace understudy {
namespace {

Task<> ask(Board& board, Executor& executor, std::optional<int>& id) {
  SessionOptions options;
  options.hello_deadline = std::chrono::seconds{3};
  BoardSession session(board, executor, options);
  co_await session.open();
  id = session.description().id;
}

// nullopt: nobody answers, or the port can't be opened.
std::optional<int> id_behind(const std::string& port, int baud) {
  RealTime real_time;
  Scheduler scheduler;
  scheduler.hold_to(&real_time);
  std::optional<int> id;
  try {
    TtyBoard board(scheduler, real_time, {.port = port, .baud = baud});
    spawn(scheduler, ask(board, scheduler, id));
    scheduler.run();
  } catch (const BoardError&) {  // something else is there
  }
  return id;
}

}  // namespace

std::string find_board(int id, const std::vector<std::string>& ports, int baud) {
  std::vector<std::string> found;
  for (const std::string& port : ports)
    if (id_behind(port, baud) == id) found.push_back(port);
  if (found.size() > 1)
    throw BoardError(
        fmt::format("the boards on {} all have the id {}: give them others "
                    "('understudy board id')",
                    fmt::join(found, ", "), id));
  if (found.empty())
    throw BoardError(fmt::format("no board with the id {} answers on {}", id,
                                 ports.empty() ? "a port: this machine has none"
                                               : fmt::format("{}", fmt::join(ports, ", "))));
  return found.front();
}

}  // namespace understudy
