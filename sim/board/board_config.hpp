// Boards as a scenario states them, in order of the workers that they belong to; workers beyond them
// compute on the host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/file_path.hpp"
#include "runtime/base/units.hpp"

namespace understudy {

// What goes wrong on a board's line. Bytes are counted from 1, in the order in which they pass, in
// both directions together.
struct LineFaultsConfig {
  double flip = 0;                         // probability that a byte arrives with one bit flipped
  double lose = 0;                         // that it does not arrive
  double repeat = 0;                       // that it arrives twice
  std::optional<int> reset_at{};           // a brown-out: the board starts anew after that byte
  std::optional<int> stuck_at{};           // deaf and dumb from then on
  std::optional<int> unplug_at{};          // the line is gone
  std::optional<Duration> return_after{};  // of unplug_at: until it is back; unset: never
  Duration delay{0};                       // what the board sends comes later by this
};

// The chip and what runs on it.
struct EmulatedChipConfig {
  FilePath firmware{};  // an ELF or Intel HEX file; empty: Understudy's own
  std::string mcu = "atmega328p";
  int baud = 115'200;
  FilePath bootloader{};          // an image in which resets start; empty: none
  bool bootloader_delay = false;  // a reset first waits for an upload, as Optiboot does
  std::string eeprom{};  // a file that keeps it; empty: blank at the start, forgotten at the end
  std::string vcd{};     // a file for the pins' waveforms; empty: none
};

// Emulated in the scenario's time.
struct SimavrBoardConfig {
  int count = 1;  // 0: one for each worker that is left
  EmulatedChipConfig chip{};
  LineFaultsConfig faults{};
};
// Emulated behind a pseudo-terminal, which is opened as a port is; in real time.
struct PtyBoardConfig {
  int count = 1;  // likewise
  EmulatedChipConfig chip{};
  LineFaultsConfig faults{};
};
// On a serial port; in real time.
struct SerialBoardConfig {
  std::string port{};  // "/dev/ttyACM0", "VID:PID" or "VID:PID:SERIAL"
  int baud = 115'200;
  LineFaultsConfig faults{};
};

using BoardConfig = std::variant<SimavrBoardConfig, PtyBoardConfig, SerialBoardConfig>;
using BoardsConfig = std::vector<BoardConfig>;

// A config for each board, none with a count of 0: those of the scenario, for so many workers.
BoardsConfig one_by_one(const BoardsConfig& boards, std::size_t workers);
// Whether time can't jump.
bool takes_real_time(const BoardsConfig& boards);

}  // namespace understudy
