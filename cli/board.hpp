// The parts of `understudy board`, one file for those that only pass bytes and one for those that
// speak the boards' protocol.
#pragma once

#include <string>

#include "cli/commands.hpp"
#include "runtime/base/task.hpp"
#include "runtime/board/board.hpp"
#include "sim/board/board_config.hpp"

namespace understudy {

struct PortOptions {
  std::string port{};  // a path, VID:PID, VID:PID:SERIAL, or "simavr": an emulated one of our own
  int baud = 115'200;
};

// Runs `talk` with the board on the port to its end, in real time for a port and as fast as it goes
// for an emulated board. Interrupted when the user asks to stop.
void talk_to(const PortOptions& options, const std::function<Task<>(Board&, Executor&)>& talk);

// Puts an emulated board behind a pseudo-terminal, until it has run for `seconds` (0: for ever).
struct EmulateOptions {
  EmulatedChipConfig chip{};
  std::string link{};  // a path that points to the terminal meanwhile; empty: none
  double seconds = 0;
};
void emulate_board(const EmulateOptions& options, const Session& session);

// Shows what a board sends, and sends it what is typed.
struct MonitorOptions {
  PortOptions at{};
  bool hex = false;
};
void monitor_board(const MonitorOptions& options);

void add_board_list(CLI::App& board, Session& session);
void add_board_flash(CLI::App& board, Session& session);
void add_board_id(CLI::App& board, Session& session);
void add_board_selftest(CLI::App& board, Session& session);

}  // namespace understudy
