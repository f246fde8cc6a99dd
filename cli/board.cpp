// `understudy board`: boards on this machine's ports, and emulated ones.
#include "cli/board.hpp"

#include <memory>

namespace understudy {
namespace {

void add_emulate(CLI::App& board, Session& session) {
  CLI::App* command = board.add_subcommand(
      "emulate", "Run an emulated board behind a pseudo-terminal that other programs can open");
  auto options = std::make_shared<EmulateOptions>();
  command->add_option("--firmware", options->chip.firmware.path,
                      "An ELF or Intel HEX file; Understudy's own where none is given");
  command->add_option("--mcu", options->chip.mcu, "The chip, as avr-gcc calls it");
  command->add_option("--eeprom", options->chip.eeprom, "A file that keeps the EEPROM");
  command->add_option("--vcd", options->chip.vcd, "Write the pins' waveforms into this file");
  command->add_option("--bootloader", options->chip.bootloader.path,
                      "An image in which resets start, such as Optiboot's");
  command->add_flag("--bootloader-delay", options->chip.bootloader_delay,
                    "A reset first waits for an upload, as with Optiboot");
  command->add_option("--link", options->link, "Make this path point to the terminal meanwhile");
  command->add_option("--for", options->seconds, "End after so many seconds")
      ->check(CLI::PositiveNumber);
  add_common_flags(*command, session);
  command->callback([options, &session] { emulate_board(*options, session); });
}

void add_monitor(CLI::App& board, Session& session) {
  CLI::App* command =
      board.add_subcommand("monitor", "Show what a board sends, and send it what is typed");
  auto options = std::make_shared<MonitorOptions>();
  command->add_option("port", options->at.port, "A path, VID:PID, or VID:PID:SERIAL")->required();
  command->add_option("--baud", options->at.baud, "Bits a second")
      ->check(CLI::Range(300, 2'000'000));
  command->add_flag("--hex", options->hex, "As hexadecimal bytes");
  add_common_flags(*command, session);
  command->callback([options] { monitor_board(*options); });
}

}  // namespace

void add_board(CLI::App& app, Session& session) {
  CLI::App* board = app.add_subcommand("board", "List, flash, emulate and test boards");
  board->require_subcommand(1);
  add_board_list(*board, session);
  add_board_flash(*board, session);
  add_emulate(*board, session);
  add_monitor(*board, session);
  add_board_id(*board, session);
  add_board_selftest(*board, session);
}

}  // namespace understudy
