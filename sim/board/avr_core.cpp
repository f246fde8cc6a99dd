#include "sim/board/avr_core.hpp"

#include <fmt/format.h>
#include <simavr/sim_core.h>
#include <simavr/sim_core_decl.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <string_view>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/base/text.hpp"
#include "sim/board/avr_modules.hpp"

namespace understudy {
namespace {

// Bursts end at the next event, whenever that is.
constexpr avr_cycle_count_t kUnlimited = std::numeric_limits<std::int64_t>::max();
constexpr std::uint16_t kJumpToItself = 0xcfff;  // rjmp .-2

// Every millisecond or so.
constexpr avr_cycle_count_t kCheckUp = 1 << 14;

avr_cycle_count_t nothing(avr_t*, avr_cycle_count_t, void*) { return 0; }

// simavr lacks the phase-correct modes and takes their TOP for 0, so that a timer in one of them
// overflows at every tick; Arduino's core starts all timers but the first so. Here they have their
// TOP, but count up only: half the period (ATmega328P data sheet, tables 16-4 and 18-8).
void complete_modes(avr_timer_t& timer) {
  const int modes = timer.wgm_op[0].size == 16 ? 3 : 1;
  for (int mode = 1; mode <= modes; ++mode) {
    avr_timer_wgm_t& op = timer.wgm_op[mode];
    if (op.kind != avr_timer_wgm_none) continue;
    op.kind = avr_timer_wgm_fc_pwm;
    op.size = static_cast<std::uint8_t>(7 + mode) & 0xf;
  }
}

std::uint16_t opcode_at(const avr_t& avr, std::uint32_t pc) {
  return static_cast<std::uint16_t>(avr.flash[pc] | avr.flash[pc + 1] << 8);
}

// OUT SPH, r: 1011 1AAd dddd AAAA with A = 0x3e.
bool writes_half_of_stack_pointer(const avr_t& avr) {
  return (opcode_at(avr, avr.pc) & 0xfe0f) == 0xbe0e;
}

}  // namespace

std::string_view describe(CrashKind kind) {
  switch (kind) {
    case CrashKind::kBadOpcode:
      return "executed an invalid instruction";
    case CrashKind::kStackIntoData:
      return "ran its stack into its data";
    case CrashKind::kOutsideOfFlash:
      return "jumped outside of its flash";
    case CrashKind::kOutsideOfMemory:
      return "used an address where it has no memory";
    case CrashKind::kAsleep:
      return "stopped for ever with interrupts off";
  }
  return {};
}

std::string Crash::sentence() const {
  return fmt::format("{} at 0x{:x}{}", describe(kind), pc,
                     symbol.empty() ? "" : " (" + symbol + ")");
}

std::vector<std::string> known_mcus() {
  std::vector<std::string> names;
  for (avr_kind_t** kind = avr_kind; *kind != nullptr; ++kind) {
    for (const char* name : (*kind)->names) {
      if (name != nullptr) names.emplace_back(name);
    }
  }
  return names;
}

void check_mcu(const std::string& mcu) {
  const auto names = known_mcus();
  if (std::find(names.begin(), names.end(), mcu) != names.end()) return;
  const std::string nearest = nearest_name(mcu, names);
  throw BoardError(fmt::format("no chip is called {}{}", quote(mcu),
                               nearest.empty() ? "" : ", did you mean " + nearest + "?"));
}

bool same_mcu(const std::string& a, const std::string& b) {
  for (avr_kind_t** kind = avr_kind; *kind != nullptr; ++kind) {
    int matches = 0;
    for (const char* name : (*kind)->names) {
      if (name != nullptr) matches += (a == name ? 1 : 0) + (b == name ? 1 : 0);
    }
    if (matches >= 2) return true;
  }
  return a == b;
}

void AvrCore::Free::operator()(avr_t* avr) const {
  if (avr->flash != nullptr) {
    avr_terminate(avr);
    avr_int_table_t& table = avr->interrupts;
    for (int i = 0; i < table.vector_count; ++i) avr_free_irq(table.vector[i]->irq, 2);
    avr_free_irq(table.irq, 2);
    for (const auto& io : avr->io) avr_free_irq(io.irq, AVR_IOMEM_IRQ_ALL + 1);
    std::free(avr->irq_pool.irq);
  }
  std::free(avr);
}

AvrCore::AvrCore(const std::string& mcu, std::int64_t hertz, const FirmwareImage& image)
    : image_(image) {
  static std::once_flag quiet;
  std::call_once(quiet, [] { avr_global_logger_set(log); });
  avr_.reset(avr_make_mcu_by_name(mcu.c_str()));
  avr_init(avr_.get());
  avr_->custom.data = this;
  avr_->frequency = static_cast<std::uint32_t>(hertz);
  avr_->run = run_burst;
  watchdog_ = find_module<avr_watchdog_t>(*avr_);
  stack_.data_end = image.heap_start.value_or(static_cast<std::uint16_t>(avr_->ioend + 1));
  stack_.heap_end = image.heap_end;
  guard_memory();
  watch_stack();
  watch_watchdog();
  load(image.flash, image.start);
  // Ports that nobody models by the data sheet must at least not print, nor sleep.
  for_each_module<avr_uart_t>(*avr_, [](avr_uart_t& port) { port.flags = 0; });
  for_each_module<avr_timer_t>(*avr_, complete_modes);
  start_timing();
}

AvrCore::~AvrCore() = default;

// Again after each reset, which drops all timers and the limit.
void AvrCore::start_timing() {
  avr_->run_cycle_limit = kUnlimited;
  avr_cycle_timer_register(avr_.get(), kCheckUp - avr_->cycle % kCheckUp, check_up, this);
}

void AvrCore::load(const std::vector<std::uint8_t>& flash, std::uint32_t from) {
  if (flash.size() > avr_->flashend + 1U) {
    throw BoardError(fmt::format("the firmware needs {} bytes of flash, but the {} has {}",
                                 flash.size(), avr_->mmcu, avr_->flashend + 1));
  }
  std::copy(flash.begin() + from, flash.end(), avr_->flash + from);
}

void AvrCore::set_reset_address(std::uint32_t address) {
  avr_->reset_pc = address;
  avr_->pc = address;
}

// simavr reports loads and stores outside of memory, then does them: give them room to go wrong in.
void AvrCore::guard_memory() {
  constexpr std::size_t kAddresses = 1U << 16;
  const std::size_t data = avr_->ramend + 1U;
  auto* memory = static_cast<std::uint8_t*>(std::realloc(avr_->data, kAddresses));
  UNDERSTUDY_CHECK(memory != nullptr);
  std::fill(memory + data, memory + kAddresses, std::uint8_t{0});
  avr_->data = memory;
  // ELPM's address has 24 bits on any chip; what is never touched costs nothing.
  auto* flash = static_cast<std::uint8_t*>(std::calloc((kAddresses << 8) + 4, 1));
  UNDERSTUDY_CHECK(flash != nullptr);
  std::copy(avr_->flash, avr_->flash + avr_->flashend + 3, flash);
  std::free(avr_->flash);
  avr_->flash = flash;
}

// ---- The stack

// simavr's push and call write SPL, then SPH; so does nothing that a compiler emits.
void AvrCore::watch_stack() {
  avr_->io[AVR_DATA_TO_IO(R_SPH)].w = {
      this, [](avr_t* avr, avr_io_addr_t, std::uint8_t value, void* self) {
        avr->data[R_SPH] = value;
        auto& core = *static_cast<AvrCore*>(self);
        if (avr->state != cpu_Running || !writes_half_of_stack_pointer(*avr)) {
          return core.check_stack();
        }
        avr->io[AVR_DATA_TO_IO(R_SPL)].w = {
            self, [](avr_t* chip, avr_io_addr_t, std::uint8_t low, void* me) {
              chip->data[R_SPL] = low;
              chip->io[AVR_DATA_TO_IO(R_SPL)].w = {nullptr, nullptr};
              static_cast<AvrCore*>(me)->check_stack();
            }};
      }};
}

void AvrCore::check_stack() {
  const unsigned pointer = static_cast<unsigned>(avr_->data[R_SPL] | avr_->data[R_SPH] << 8);
  if (!stack_.allows(*avr_, pointer) && avr_->state == cpu_Running) {
    stop_for(CrashKind::kStackIntoData);
  }
}

// ---- The watchdog

// simavr (1.6) has a running watchdog go on with its old time when a program sets another: it compares
// the new prescaler with itself. The time begins anew with the WDR that must come just before
// (ATmega328P data sheet, 10.8.2).
void AvrCore::watch_watchdog() {
  if (watchdog_ == nullptr) return;
  auto& write = avr_->io[AVR_DATA_TO_IO(watchdog_->wdce.reg)].w;
  simavr_watchdog_write_ = write.c;
  write = {this, [](avr_t* avr, avr_io_addr_t address, std::uint8_t value, void* self) {
             const auto& core = *static_cast<AvrCore*>(self);
             const avr_cycle_count_t before = core.watchdog_->cycle_count;
             core.simavr_watchdog_write_(avr, address, value, core.watchdog_);
             if (core.watchdog_->cycle_count != before)
               avr_ioctl(avr, AVR_IOCTL_WATCHDOG_RESET, nullptr);
           }};
}

// ---- Crashes

void AvrCore::stop_for(CrashKind kind) {
  crashing_ = kind;
  avr_->state = cpu_Crashed;
}

// simavr reports an invalid instruction to its log only, and goes on.
void AvrCore::log(avr_t* avr, int level, const char* format, va_list) {
  if (avr == nullptr || level != LOG_ERROR || avr->custom.data == nullptr) return;
  const std::string_view text(format);
  const auto says = [&](std::string_view words) { return text.find(words) != text.npos; };
  if (says("Invalid Opcode")) of(avr).stop_for(CrashKind::kBadOpcode);
  if (says("Invalid read") || says("Invalid write")) {
    of(avr).stop_for(CrashKind::kOutsideOfMemory);
  }
}

void AvrCore::note_crash() {
  // Left alone by all others: the decoder found the program counter behind the flash.
  const CrashKind kind = crashing_.value_or(CrashKind::kOutsideOfFlash);
  crash_ = Crash{kind, avr_->pc, avr_->cycle, image_.symbol(avr_->pc)};
}

// ---- Running

// In place of avr_callback_run_raw, in the same order.
void AvrCore::run_burst(avr_t* avr) {
  const avr_flashaddr_t next = of(avr).decoder_.run(*avr);
  if (avr->state == cpu_Crashed) return;
  avr_cycle_timer_process(avr);
  avr->pc = next;
  if (avr->interrupt_state != 0) avr_service_interrupts(avr);
}

void AvrCore::stop_at(std::uint64_t cycle) {
  avr_cycle_timer_register(avr_.get(), cycle > avr_->cycle ? cycle - avr_->cycle : 0, nothing,
                           this);
}

void AvrCore::age_until(std::uint64_t cycle) {
  avr_->cycle = std::max<avr_cycle_count_t>(avr_->cycle, cycle);
}

void AvrCore::run_until(std::uint64_t cycle) {
  if (cycle <= avr_->cycle) return;
  if (!crash_) stop_at(cycle);
  while (avr_->cycle < cycle && !crash_) {
    if (avr_->state == cpu_Sleeping) {
      sleep_until(cycle);
    } else {
      avr_->run(avr_.get());
    }
    if (avr_->state == cpu_Crashed) note_crash();
    if (avr_->run != run_burst) {
      reset(ResetCause::kWatchdog);
      stop_at(cycle);
    }
  }
  if (crash_) age_until(cycle);
}

// Stops a program that has ended: avr-libc's exit and abort switch interrupts off and jump on the
// spot. At fixed cycles, so that it does not depend on where run_until stops.
avr_cycle_count_t AvrCore::check_up(avr_t* avr, avr_cycle_count_t, void* self) {
  const auto& core = *static_cast<AvrCore*>(self);
  const bool spins = opcode_at(*avr, avr->pc & avr->flashend) == kJumpToItself;
  if (spins && avr->state == cpu_Running && !core.can_wake()) of(avr).stop_for(CrashKind::kAsleep);
  return (avr->cycle / kCheckUp + 1) * kCheckUp;
}

// Only a reset by the watchdog ends a sleep with interrupts off.
bool AvrCore::can_wake() const {
  return avr_->sreg[S_I] != 0 ||
         (watchdog_ != nullptr && avr_regbit_get(avr_.get(), watchdog_->wde) != 0);
}

// On to the next event, one cycle late, as the stock loop has it.
void AvrCore::sleep_until(std::uint64_t cycle) {
  if (!can_wake()) return stop_for(CrashKind::kAsleep);
  const avr_cycle_timer_slot_t* event = avr_->cycle_timers.timer;
  while (event != nullptr && (event->timer == nothing || event->timer == check_up)) {
    event = event->next;
  }
  if (event == nullptr || event->when >= cycle) {
    avr_->cycle = cycle;
    return;
  }
  avr_->cycle = std::max<avr_cycle_count_t>(avr_->cycle, event->when + 1);
  avr_cycle_timer_process(avr_.get());
  if (avr_->interrupt_state != 0) avr_service_interrupts(avr_.get());
}

// ---- Reset

void AvrCore::reset(ResetCause cause) {
  const std::uint8_t before =
      cause == ResetCause::kPowerOn ? 0 : avr_->data[avr_->reset_flags.porf.reg];
  if (avr_->run != run_burst) {
    avr_->run(avr_.get());  // the watchdog has put its own reset there
  } else {
    avr_reset(avr_.get());
  }
  avr_->run = run_burst;
  finish_reset(cause, before);
}

// The flags of earlier resets stay until the program clears them.
void AvrCore::finish_reset(ResetCause cause, std::uint8_t flags_before) {
  crash_.reset();
  crashing_.reset();
  const auto& flags = avr_->reset_flags;
  const std::array<avr_regbit_t, kResetCauses> all{flags.porf, flags.extrf, flags.borf, flags.wdrf};
  std::uint8_t value = flags_before;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (static_cast<ResetCause>(i) == cause) value |= static_cast<std::uint8_t>(1U << all[i].bit);
  }
  if (flags.porf.reg != 0) avr_->data[flags.porf.reg] = value;
  avr_->io[AVR_DATA_TO_IO(R_SPL)].w = {nullptr, nullptr};
  start_timing();
  if (listener_ != nullptr) listener_->after_reset(cause);
}

}  // namespace understudy
