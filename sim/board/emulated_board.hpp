// One board with an AVR on it, emulated: a chip that runs its real firmware, a serial line, pins, an
// EEPROM. A pure object on the scenario's clock, in which cycle 0 is kStart: no threads, no wall
// clock; the same input gives the same bytes at the same cycles, however the time is cut into calls.
//
// Not safe for several threads at once, but any thread may take over between two calls.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/units.hpp"
#include "sim/board/avr_core.hpp"
#include "sim/board/avr_pins.hpp"
#include "sim/board/avr_uart.hpp"

namespace understudy {

struct EmulatedBoardConfig {
  std::string name = "board";  // for messages
  std::string firmware;        // ELF or Intel HEX
  std::string mcu = "atmega328p";
  std::int64_t frequency_hz = 16'000'000;
  int baud = 115'200;                  // of the host's end of the line, 8N1
  std::string eeprom_file{};           // kept there between runs; empty: not kept
  std::vector<std::uint8_t> eeprom{};  // what it holds before there is a file; else the firmware's
  std::string bootloader{};            // a second image, in which resets start; empty: none
  // How long a reset over DTR holds the firmware back, as a boot loader does that waits for an
  // upload; what the host sends meanwhile is lost. See kOptibootDelay.
  Duration boot_delay{0};
  bool record_pins = false;
  std::string vcd_file{};  // a waveform of all pins; empty: none
};

// Optiboot's on the Uno: its watchdog, set to a second, ends the wait for an upload.
inline constexpr Duration kOptibootDelay = std::chrono::seconds(1);

// A byte on the wire; `at` is the end of its frame (the stop bit).
struct TimedByte {
  TimePoint at;
  std::uint8_t value = 0;
  bool operator==(const TimedByte&) const = default;
};

struct BoardStatistics {
  UartStatistics uart;
  std::uint64_t host_framing_errors = 0;  // in what the board sent, as the host samples it
  std::array<std::uint64_t, kResetCauses> resets{};  // by ResetCause; power-on is the first
  Duration led_on{0};
};

class EmulatedBoard {
 public:
  // Throws BoardError: a file that can't be read or is no firmware, one for another chip, an unknown
  // chip.
  explicit EmulatedBoard(const EmulatedBoardConfig& config);
  ~EmulatedBoard();  // saves the EEPROM, as far as that can be done

  const std::string& name() const;
  TimePoint now() const;

  // Executes whole instructions up to t; nothing if t is past.
  void run_until(TimePoint t);
  // A byte on its way to the board, at the host's baud rate, whose start bit begins then; not before
  // now(), nor before the last byte's frame ends.
  void receive(TimePoint first_bit, std::uint8_t byte);
  // The host changes its baud rate.
  void set_baud(int baud);
  // The bytes whose frames have ended since the last call, as a receiver at the host's baud rate has
  // them: garbled if the board's is too far from it.
  std::vector<TimedByte> take_output();

  // Runs until then and pulls the reset line, which is what DTR does; what is on its way in either
  // direction is lost. It ends a crash.
  void reset(TimePoint at, ResetCause cause = ResetCause::kExternal);
  // Present while the chip stands still because its program died.
  const std::optional<Crash>& crashed() const;

  std::uint64_t cycles() const;
  bool led() const;
  bool pin(Pin pin) const;
  std::vector<PinEdge> take_edges();  // if record_pins
  BoardStatistics statistics() const;
  std::vector<std::uint8_t> eeprom() const;
  // Writes the EEPROM's file. Throws BoardError.
  void save_eeprom();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy
