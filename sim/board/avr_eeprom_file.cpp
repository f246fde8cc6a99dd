#include "sim/board/avr_eeprom_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "runtime/base/errors.hpp"
#include "sim/board/avr_modules.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

// 26,368 cycles of the 8 MHz RC oscillator (ATmega328P data sheet, table 8-2).
constexpr Duration kWriteTime = std::chrono::microseconds(3296);
constexpr Duration kQuiet = std::chrono::milliseconds(20);

}  // namespace

AvrEeprom::AvrEeprom(avr_t& avr, const AvrClock& clock, std::string file,
                     std::span<const std::uint8_t> initial)
    : avr_(avr), clock_(clock), file_(std::move(file)), port_(find_module<avr_eeprom_t>(avr)) {
  if (port_ == nullptr) return;
  if (initial.size() > port_->size) {
    throw BoardError(fmt::format("the firmware fills {} bytes of EEPROM, but the {} has {}",
                                 initial.size(), avr.mmcu, port_->size));
  }
  std::copy(initial.begin(), initial.end(), memory().begin());
  auto& control = avr.io[AVR_DATA_TO_IO(port_->r_eecr)].w;
  simavr_write_ = control.c;
  control = {this, [](avr_t*, avr_io_addr_t, std::uint8_t value, void* self) {
               static_cast<AvrEeprom*>(self)->write_control(value);
             }};
  if (file_.empty() || !fs::exists(file_)) return;
  errno = 0;
  std::ifstream in(file_, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open() || in.bad()) {
    throw BoardError(fmt::format("{}: cannot be read: {}", file_, std::strerror(errno)));
  }
  if (bytes.size() != port_->size) {
    throw BoardError(fmt::format("{}: holds {} bytes, but the EEPROM of the {} has {}", file_,
                                 bytes.size(), avr.mmcu, port_->size));
  }
  std::copy(bytes.begin(), bytes.end(), memory().begin());
}

std::span<std::uint8_t> AvrEeprom::memory() const {
  if (port_ == nullptr) return {};
  return {port_->eeprom, port_->size};
}

std::vector<std::uint8_t> AvrEeprom::contents() const { return {memory().begin(), memory().end()}; }

// simavr is done at once; the chip holds EEPE up while it writes.
void AvrEeprom::write_control(std::uint8_t value) {
  const bool busy = avr_regbit_get(&avr_, port_->eepe) != 0;
  const bool armed = avr_regbit_get(&avr_, port_->eempe) != 0;
  simavr_write_(&avr_, port_->r_eecr, value, port_);
  if (busy) avr_regbit_set(&avr_, port_->eepe);
  if (busy || !armed || avr_regbit_from_value(&avr_, port_->eepe, value) == 0) return;
  changed_ = true;
  last_write_ = avr_.cycle;
  avr_regbit_set(&avr_, port_->eepe);
  avr_cycle_timer_register(
      &avr_, clock_.cycles(kWriteTime),
      [](avr_t* avr, avr_cycle_count_t, void* self) -> avr_cycle_count_t {
        avr_regbit_clear(avr, static_cast<AvrEeprom*>(self)->port_->eepe);
        return 0;
      },
      this);
}

void AvrEeprom::save_when_quiet() {
  if (changed_ && avr_.cycle > last_write_ + clock_.cycles(kQuiet)) save();
}

void AvrEeprom::save() {
  if (!changed_ || file_.empty()) return;
  const std::string unfinished = file_ + ".part";
  errno = 0;
  std::ofstream out(unfinished, std::ios::binary);
  for (const std::uint8_t byte : memory()) out.put(static_cast<char>(byte));
  out.close();
  std::error_code problem;
  if (!out) {
    problem = {errno != 0 ? errno : EIO, std::generic_category()};
  } else {
    fs::rename(unfinished, file_, problem);
  }
  if (problem) throw BoardError(fmt::format("{}: cannot be written: {}", file_, problem.message()));
  changed_ = false;
}

}  // namespace understudy
