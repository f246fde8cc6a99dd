// What the tests of the emulated board share: its firmware, its settings, a host's end of the line.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "sim/board/emulated_board.hpp"
#include "sim/board/serial_line.hpp"

namespace understudy {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr std::int64_t kHertz = 16'000'000;
inline constexpr Duration kCycle{62'500};

inline std::string firmware(std::string_view name) {
  return fmt::format("{}/{}.elf", UNDERSTUDY_FIRMWARE_DIR, name);
}

// A file of the test's own, gone afterwards.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              (name + "-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)))) {}
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  std::string path() const { return path_.string(); }
  void write(std::string_view contents) const {
    std::ofstream(path_, std::ios::binary) << contents;
  }
  std::string read() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::filesystem::path path_;
};

// As tests/board/firmware/settings.h lays them out.
struct ProbeSettings {
  int ubrr = 16;
  bool double_speed = true;
  int mode = 0;
  int milliseconds = 0;

  std::string eeprom() const {
    std::string bytes(1024, '\xff');
    const int values[] = {ubrr & 0xff, ubrr >> 8,           double_speed ? 1 : 0,
                          mode,        milliseconds & 0xff, milliseconds >> 8};
    for (std::size_t i = 0; i < std::size(values); ++i) bytes[i] = static_cast<char>(values[i]);
    return bytes;
  }
  // The board's rate, in cycles a bit.
  int cycles_per_bit() const { return (ubrr + 1) * (double_speed ? 8 : 16); }
  int baud() const { return static_cast<int>((kHertz + cycles_per_bit() / 2) / cycles_per_bit()); }
};

// A probe that finds its settings in EEPROM.
class Probe {
 public:
  Probe(std::string_view name, const ProbeSettings& settings, double rate = 1.0)
      : eeprom_(std::string(name)) {
    eeprom_.write(settings.eeprom());
    EmulatedBoardConfig config;
    config.firmware = firmware(name);
    config.baud = static_cast<int>(settings.baud() * rate);
    config.eeprom_file = eeprom_.path();
    config.record_pins = true;
    board_ = std::make_unique<EmulatedBoard>(config);
    frame_ = 10 * bit_time(config.baud);
  }
  EmulatedBoard& operator*() { return *board_; }
  EmulatedBoard* operator->() { return board_.get(); }

  // The time that a byte of the host's takes on the wire.
  Duration frame() const { return frame_; }
  // Sends the bytes one behind the other, the first at `from`; returns the end of the last.
  TimePoint send(TimePoint from, std::string_view bytes) {
    for (const char byte : bytes) {
      board_->receive(from, static_cast<std::uint8_t>(byte));
      from += frame_;
    }
    return from;
  }

 private:
  TemporaryFile eeprom_;
  std::unique_ptr<EmulatedBoard> board_;
  Duration frame_{0};
};

inline std::string text(const std::vector<TimedByte>& bytes) {
  std::string out;
  for (const TimedByte& byte : bytes) out += static_cast<char>(byte.value);
  return out;
}

}  // namespace understudy
