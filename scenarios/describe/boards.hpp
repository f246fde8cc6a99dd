// Descriptions of boards.
#pragma once

#include <array>

#include "scenarios/describe/durations.hpp"
#include "scenarios/describe/field.hpp"
#include "sim/board/board_config.hpp"

namespace understudy {

inline constexpr Limits kByteNumber = {.min = 1, .max = 2e9};
inline constexpr Limits kBaud = {.min = 300, .max = 2e6};

template <class Archive>
void describe(Archive& a, LineFaultsConfig& c) {
  constexpr Limits kProbability = {.min = 0, .max = 1, .measure = Measure::kFraction};
  a.field("flip", c.flip, "Probability that a byte arrives with one bit flipped.", kProbability);
  a.field("lose", c.lose, "Probability that a byte does not arrive.", kProbability);
  a.field("repeat", c.repeat, "Probability that a byte arrives twice.", kProbability);
  a.field("reset_at", c.reset_at,
          "A brown-out after that many bytes, both directions counted: the board starts anew.",
          kByteNumber);
  a.field("stuck_at", c.stuck_at, "Deaf and dumb after that many bytes.", kByteNumber);
  a.field("unplug_at", c.unplug_at, "The line is gone after that many bytes.", kByteNumber);
  a.field("return_after", c.return_after,
          "How long after unplug_at it is back; never where nothing is given.", {.above = 0});
  a.field("delay", c.delay, "What the board sends comes later by this.", {.min = 0});
}

template <class Archive>
void describe(Archive& a, EmulatedChipConfig& c) {
  a.field("firmware", c.firmware,
          "An ELF or Intel HEX file; Understudy's own where none is given.");
  a.field("mcu", c.mcu, "The chip, as avr-gcc calls it.");
  a.field("baud", c.baud, "Bits a second of the host's end of the line.", kBaud);
  a.field("bootloader", c.bootloader, "An image in which resets start, such as Optiboot's.");
  a.field("bootloader_delay", c.bootloader_delay,
          "A reset first waits for an upload, as with Optiboot.");
  a.field("eeprom", c.eeprom,
          "A file that keeps the EEPROM from run to run; it is blank at the start where none is "
          "given.");
  a.field("vcd", c.vcd, "A file for the waveforms of the pins.");
}

template <class Archive>
void describe(Archive& a, SimavrBoardConfig& c) {
  a.field("count", c.count, "How many such boards; 0: one for each worker that is left.",
          {.min = 0, .max = 1000});
  describe(a, c.chip);
  a.field("faults", c.faults, "What goes wrong on the line.");
}
template <class Archive>
void describe(Archive& a, PtyBoardConfig& c) {
  a.field("count", c.count, "How many such boards; 0: one for each worker that is left.",
          {.min = 0, .max = 100});
  describe(a, c.chip);
  a.field("faults", c.faults, "What goes wrong on the line.");
}
template <class Archive>
void describe(Archive& a, SerialBoardConfig& c) {
  a.field("port", c.port,
          "A path, VID:PID or VID:PID:SERIAL, as `understudy board list` shows, or id:N.");
  a.field("baud", c.baud, "Bits a second.", kBaud);
  a.field("faults", c.faults, "What goes wrong on the line, over what goes wrong by itself.");
}

inline constexpr std::array<NameDoc, 3> kBoardKinds = {{
    {"simavr", "Emulated, in the scenario's time."},
    {"pty", "Emulated behind a pseudo-terminal that is opened like a port, in real time."},
    {"serial", "A board on a serial port, in real time."},
}};
constexpr std::span<const NameDoc> kinds(const BoardConfig*) { return kBoardKinds; }

}  // namespace understudy
