// An AVR of simavr that runs up to a cycle and tells how its program died: no thread, no wall clock,
// nothing on the terminal.
//
// The stock loop (avr_run) returns after each instruction; this one lets simavr's decoder run on to
// the next event. Cycle counts are the same, and do not depend on where run_until stops.
#pragma once

#include <simavr/avr_eeprom.h>
#include <simavr/avr_watchdog.h>
#include <simavr/sim_avr.h>

#include <array>
#include <cstdarg>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/board/avr_decoder.hpp"
#include "sim/board/firmware_image.hpp"

namespace understudy {

enum class CrashKind {
  kBadOpcode,
  kStackIntoData,    // the stack has grown into variables or the heap
  kOutsideOfFlash,   // the program counter has left the flash
  kOutsideOfMemory,  // a load or store where the chip has no memory
  kAsleep,           // asleep, or jumping on the spot, with interrupts off
};
// "executed an invalid instruction"; the rest of a sentence that begins with the board.
std::string_view describe(CrashKind kind);

struct Crash {
  CrashKind kind;
  std::uint32_t pc = 0;  // in bytes, as the disassembler writes it
  std::uint64_t cycle = 0;
  std::string symbol{};  // "loop+0x12"; empty: unknown

  // "executed an invalid instruction at 0x1a4 (loop+0x12)".
  std::string sentence() const;
};

enum class ResetCause { kPowerOn, kExternal, kBrownOut, kWatchdog };
inline constexpr std::size_t kResetCauses = 4;

// What must be done anew after each reset, since it empties simavr's registers and timers.
class ResetListener {
 public:
  virtual void after_reset(ResetCause cause) = 0;

 protected:
  ~ResetListener() = default;
};

class AvrCore {
 public:
  // The image must outlive the core, and the chip be one of those known. Throws BoardError if the
  // image does not fit.
  AvrCore(const std::string& mcu, std::int64_t hertz, const FirmwareImage& image);
  ~AvrCore();
  AvrCore(const AvrCore&) = delete;
  AvrCore& operator=(const AvrCore&) = delete;

  avr_t& avr() { return *avr_; }
  std::uint64_t cycle() const { return avr_->cycle; }
  const std::optional<Crash>& crash() const { return crash_; }

  // Copies it into flash. Throws BoardError if it does not fit.
  void load(const std::vector<std::uint8_t>& flash, std::uint32_t from);
  // Where resets go, in bytes: the boot loader, if there is one.
  void set_reset_address(std::uint32_t address);
  void on_reset(ResetListener* listener) { listener_ = listener; }

  // Whole instructions, until the cycle is reached; a chip that sleeps or has crashed only ages.
  void run_until(std::uint64_t cycle);
  // Lets time pass without executing anything; only right after a reset.
  void age_until(std::uint64_t cycle);
  // Clears a crash too.
  void reset(ResetCause cause);

 private:
  struct Free {
    void operator()(avr_t* avr) const;
  };

  static AvrCore& of(avr_t* avr) { return *static_cast<AvrCore*>(avr->custom.data); }
  static void run_burst(avr_t* avr);
  static avr_cycle_count_t check_up(avr_t* avr, avr_cycle_count_t when, void* self);
  static void log(avr_t* avr, int level, const char* format, va_list arguments);

  void guard_memory();
  void watch_stack();
  void watch_watchdog();
  void check_stack();
  void start_timing();
  void stop_at(std::uint64_t cycle);
  void sleep_until(std::uint64_t cycle);
  void stop_for(CrashKind kind);
  void note_crash();
  bool can_wake() const;
  void finish_reset(ResetCause cause, std::uint8_t flags_before);

  std::unique_ptr<avr_t, Free> avr_;
  const FirmwareImage& image_;
  StackLimit stack_;
  AvrDecoder decoder_{stack_};
  avr_watchdog_t* watchdog_ = nullptr;
  avr_io_write_t simavr_watchdog_write_ = nullptr;
  ResetListener* listener_ = nullptr;
  std::optional<CrashKind> crashing_;
  std::optional<Crash> crash_;
};

// The chips that simavr knows.
std::vector<std::string> known_mcus();
// Throws BoardError with the nearest name if it is not one of them.
void check_mcu(const std::string& mcu);
// Two names of one chip.
bool same_mcu(const std::string& a, const std::string& b);

}  // namespace understudy
