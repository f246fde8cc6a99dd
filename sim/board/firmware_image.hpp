// A program for a chip, as it was built: what goes into flash and EEPROM, and the symbols by which a
// crash is told. Read from an ELF file (avr-gcc) or from Intel HEX.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace understudy {

struct FirmwareImage {
  std::vector<std::uint8_t> flash;  // from address 0; 0xff where the file says nothing
  std::uint32_t start = 0;          // the lowest address that the file fills
  std::vector<std::uint8_t> eeprom{};
  std::string mcu{};  // the chip it was built for; empty: the file does not say
  std::map<std::uint32_t, std::string> functions{};  // by address in flash, in bytes
  std::optional<std::uint16_t> heap_start{};         // the end of static data in SRAM
  std::optional<std::uint16_t> heap_end{};           // where malloc keeps the heap's present end

  // "loop+0x12": the function that holds the address, and how far into it; empty if unknown.
  std::string symbol(std::uint32_t address) const;
};

// Throws BoardError: unreadable, neither ELF nor Intel HEX, damaged, for another kind of machine.
FirmwareImage load_firmware(const std::string& path);

// The same from the file's bytes; `path` is for messages.
FirmwareImage parse_firmware(const std::string& path, const std::vector<std::uint8_t>& bytes);

}  // namespace understudy
