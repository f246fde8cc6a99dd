// `understudy board list` and `board flash`: what needs no conversation with a board.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/board.hpp"
#include "results/report/text_table.hpp"
#include "runtime/board/serial_ports.hpp"
#include "sim/board/world_boards.hpp"

namespace understudy {
namespace {

void list_boards(const Session& session) {
  const std::vector<SerialPort> ports = list_ports();
  if (session.json) {
    auto list = nlohmann::ordered_json::array();
    for (const SerialPort& port : ports) {
      list.push_back({{"port", port.path}, {"description", port.description}});
      if (port.usb) list.back()["usb"] = format(*port.usb);
    }
    std::cout << list.dump(2) << '\n';
    return;
  }
  if (ports.empty()) {
    std::cout << "this machine has no serial port ('understudy board emulate' makes one)\n";
    return;
  }
  std::vector<std::vector<std::string>> rows{{"port", "USB", "description"}};
  for (const SerialPort& port : ports)
    rows.push_back({port.path, port.usb ? format(*port.usb) : "", port.description});
  std::cout << text_table(rows);
}

struct FlashOptions {
  std::string port, firmware, mcu = "atmega328p", programmer = "arduino";
  int baud = 115'200;
};

void flash(const FlashOptions& options, const Session& session) {
  const std::string file = options.firmware.empty() ? own_firmware() : options.firmware;
  const bool is_elf = file.ends_with(".elf");
  const std::vector<std::string> arguments{"avrdude",
                                           "-p",
                                           options.mcu,
                                           "-c",
                                           options.programmer,
                                           "-P",
                                           resolve_port(options.port),
                                           "-b",
                                           std::to_string(options.baud),
                                           "-D",
                                           session.quiet ? "-qq" : "-q",
                                           "-U",
                                           fmt::format("flash:w:{}:{}", file, is_elf ? "e" : "i")};
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    execvp(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0)
    throw RunError("avrdude can't be started: the system has no more processes");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    throw RunError("avrdude is not installed (apt-get install avrdude)");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw BoardError(
        fmt::format("avrdude could not write {} to the board on {}", file, options.port));
}

}  // namespace

void add_board_list(CLI::App& board, Session& session) {
  CLI::App* command = board.add_subcommand("list", "Print this machine's serial ports");
  add_common_flags(*command, session);
  command->callback([&session] { list_boards(session); });
}

void add_board_flash(CLI::App& board, Session& session) {
  CLI::App* command = board.add_subcommand("flash", "Write firmware to a board, with avrdude");
  auto options = std::make_shared<FlashOptions>();
  command->add_option("port", options->port, "A path, VID:PID, or VID:PID:SERIAL")->required();
  command->add_option("--firmware", options->firmware,
                      "An ELF or Intel HEX file; Understudy's own where none is given");
  command->add_option("--mcu", options->mcu, "The chip, as avrdude calls it");
  command->add_option("--programmer", options->programmer, "As avrdude calls it");
  command->add_option("--baud", options->baud, "Of the bootloader");
  add_common_flags(*command, session);
  command->callback([options, &session] { flash(*options, session); });
}

}  // namespace understudy
