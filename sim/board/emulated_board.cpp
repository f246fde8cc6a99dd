#include "sim/board/emulated_board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/base/log.hpp"
#include "sim/board/avr_clock.hpp"
#include "sim/board/avr_eeprom_file.hpp"
#include "sim/board/avr_modules.hpp"
#include "sim/board/firmware_image.hpp"
#include "sim/board/serial_line.hpp"

namespace understudy {
namespace {

constexpr std::int64_t kLeastHertz = 1'000;
constexpr std::int64_t kMostHertz = 100'000'000;
constexpr int kMostBaud = 2'500'000;

FirmwareImage load_checked(const EmulatedBoardConfig& config) {
  if (config.frequency_hz < kLeastHertz || config.frequency_hz > kMostHertz) {
    throw BoardError(
        fmt::format("{}: a chip does not run at {} Hz", config.name, config.frequency_hz));
  }
  if (config.baud < 1 || config.baud > kMostBaud) {
    throw BoardError(fmt::format("{}: a line does not run at {} baud", config.name, config.baud));
  }
  check_mcu(config.mcu);
  FirmwareImage image = load_firmware(config.firmware);
  if (!image.mcu.empty() && !same_mcu(image.mcu, config.mcu)) {
    throw BoardError(fmt::format("{}: is built for the {}, but the board has an {}",
                                 config.firmware, image.mcu, config.mcu));
  }
  return image;
}

avr_uart_t& first_uart(avr_t& avr) {
  auto* port = find_module<avr_uart_t>(avr);
  if (port == nullptr) throw BoardError(fmt::format("the {} has no serial port", avr.mmcu));
  return *port;
}

}  // namespace

class EmulatedBoard::Impl final : ResetListener {
 public:
  explicit Impl(const EmulatedBoardConfig& config)
      : config_(config),
        clock_(config.frequency_hz),
        bit_(bit_time(config.baud)),
        image_(load_checked(config)),
        core_(config.mcu, config.frequency_hz, image_),
        uart_(core_.avr(), first_uart(core_.avr()), clock_),
        pins_(core_.avr(), clock_, {led_pin(config.mcu), config.record_pins, config.vcd_file}),
        eeprom_(core_.avr(), clock_, config.eeprom_file,
                config.eeprom.empty() ? image_.eeprom : config.eeprom) {
    if (!config.bootloader.empty()) {
      const FirmwareImage loader = load_firmware(config.bootloader);
      core_.load(loader.flash, loader.start);
      core_.set_reset_address(loader.start);
    }
    resets_[static_cast<std::size_t>(ResetCause::kPowerOn)] = 1;
    core_.on_reset(this);
  }

  void run_until(TimePoint t) {
    if (t <= now_) return;
    const std::uint64_t cycle = clock_.cycle(t);
    core_.age_until(std::min(held_until_, cycle));
    core_.run_until(cycle);
    now_ = t;
    eeprom_.save_when_quiet();
  }

  void receive(TimePoint first_bit, std::uint8_t byte) {
    UNDERSTUDY_CHECK(first_bit >= now_);
    uart_.receive(frame_8n1(first_bit, bit_, byte));
  }

  std::vector<TimedByte> take_output() {
    std::vector<TimedByte> bytes;
    while (true) {
      uart_.sent().forget(heard_until_);
      const std::optional<TimePoint> edge = uart_.sent().next_fall(heard_until_);
      if (!edge || *edge + 10 * bit_ > now_) return bytes;
      const auto time_of = [&](int n) { return *edge + (n - 1) * bit_ / kNormalSpeed.per_bit; };
      const bool noise = sampled_bit(uart_.sent(), kNormalSpeed, 0, time_of);
      heard_until_ = time_of(kNormalSpeed.decided(noise ? 0 : 9));
      if (noise) continue;
      const SampledFrame frame = sampled_frame(uart_.sent(), kNormalSpeed, 8, time_of);
      host_framing_errors_ += frame.framing_error ? 1 : 0;
      bytes.push_back({*edge + 10 * bit_, static_cast<std::uint8_t>(frame.bits)});
    }
  }

  void reset(TimePoint at, ResetCause cause) {
    run_until(at);
    core_.reset(cause);
    if (cause == ResetCause::kExternal) {
      held_until_ = core_.cycle() + clock_.cycles(config_.boot_delay);
    }
  }

  BoardStatistics statistics() const {
    return {uart_.statistics(), host_framing_errors_, resets_, pins_.led_on(now_)};
  }

  void after_reset(ResetCause cause) override {
    ++resets_[static_cast<std::size_t>(cause)];
    uart_.reset();
    pins_.reset();
  }

  EmulatedBoardConfig config_;
  AvrClock clock_;
  Duration bit_;
  FirmwareImage image_;
  AvrCore core_;
  AvrUart uart_;
  AvrPins pins_;
  AvrEeprom eeprom_;
  TimePoint now_ = kStart;
  std::uint64_t held_until_ = 0;  // cycle
  TimePoint heard_until_ = kStart - Duration(1);
  std::uint64_t host_framing_errors_ = 0;
  std::array<std::uint64_t, kResetCauses> resets_{};
};

EmulatedBoard::EmulatedBoard(const EmulatedBoardConfig& config)
    : impl_(std::make_unique<Impl>(config)) {}

EmulatedBoard::~EmulatedBoard() {
  try {
    impl_->eeprom_.save();
  } catch (const BoardError& error) {
    spdlog::warn("{}", error.what());
  }
}

const std::string& EmulatedBoard::name() const { return impl_->config_.name; }
TimePoint EmulatedBoard::now() const { return impl_->now_; }
void EmulatedBoard::run_until(TimePoint t) { impl_->run_until(t); }
void EmulatedBoard::receive(TimePoint first_bit, std::uint8_t byte) {
  impl_->receive(first_bit, byte);
}
void EmulatedBoard::set_baud(int baud) { impl_->bit_ = bit_time(baud); }
std::vector<TimedByte> EmulatedBoard::take_output() { return impl_->take_output(); }
void EmulatedBoard::reset(TimePoint at, ResetCause cause) { impl_->reset(at, cause); }
const std::optional<Crash>& EmulatedBoard::crashed() const { return impl_->core_.crash(); }
std::uint64_t EmulatedBoard::cycles() const { return impl_->core_.cycle(); }
bool EmulatedBoard::led() const { return impl_->pins_.led(); }
bool EmulatedBoard::pin(Pin pin) const { return impl_->pins_.high(pin); }
std::vector<PinEdge> EmulatedBoard::take_edges() { return impl_->pins_.take_edges(); }
BoardStatistics EmulatedBoard::statistics() const { return impl_->statistics(); }
std::vector<std::uint8_t> EmulatedBoard::eeprom() const { return impl_->eeprom_.contents(); }
void EmulatedBoard::save_eeprom() { impl_->eeprom_.save(); }

}  // namespace understudy
