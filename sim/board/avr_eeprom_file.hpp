// The chip's EEPROM, kept in a file between runs, and as slow to write as the real one.
#pragma once

#include <simavr/avr_eeprom.h>
#include <simavr/sim_avr.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/board/avr_clock.hpp"

namespace understudy {

class AvrEeprom {
 public:
  // `initial` is what the firmware file brings; `file`, where there is one, replaces it. An empty
  // name: not kept. Throws BoardError: unreadable, or not of the chip's size.
  AvrEeprom(avr_t& avr, const AvrClock& clock, std::string file,
            std::span<const std::uint8_t> initial);
  AvrEeprom(const AvrEeprom&) = delete;
  AvrEeprom& operator=(const AvrEeprom&) = delete;

  // Writes the file, whole and under another name first, if there is something new. Throws
  // BoardError if that fails.
  void save();
  // The same once the firmware has not written for a while.
  void save_when_quiet();

  std::vector<std::uint8_t> contents() const;

 private:
  std::span<std::uint8_t> memory() const;
  void write_control(std::uint8_t value);

  avr_t& avr_;
  const AvrClock& clock_;
  std::string file_;
  avr_eeprom_t* port_ = nullptr;  // null: the chip has none
  avr_io_write_t simavr_write_ = nullptr;
  bool changed_ = false;
  std::uint64_t last_write_ = 0;  // cycle
};

}  // namespace understudy
