// Intel HEX: a program as lines of hexadecimal, as avrdude and bootloaders take it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

// The memory from address 0, 0xff where the file says nothing; `start` gets the lowest address in
// it. Throws BoardError with path and line.
std::vector<std::uint8_t> parse_intel_hex(const std::string& path, std::string_view text,
                                          std::uint32_t& start);

}  // namespace understudy
