#include "sim/board/avr_pins.hpp"

#include <fmt/format.h>
#include <simavr/avr_ioport.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/base/errors.hpp"

namespace understudy {

Pin led_pin(const std::string& mcu) {
  if (mcu == "atmega2560" || mcu == "atmega1280") return {'B', 7};
  if (mcu == "atmega32u4") return {'C', 7};
  return {'B', 5};
}

AvrPins::AvrPins(avr_t& avr, const AvrClock& clock, Options options)
    : avr_(avr), clock_(clock), options_(std::move(options)) {
  for (std::size_t i = 0; i < kPorts; ++i) {
    ports_[i].name = static_cast<char>(kFirstPort + static_cast<char>(i));
    attach(ports_[i]);
  }
  if (!options_.vcd_file.empty()) open_waveform();
}

void AvrPins::attach(Port& port) {
  avr_irq_t* irqs = avr_io_getirq(&avr_, AVR_IOCTL_IOPORT_GETIRQ(port.name), 0);
  if (irqs == nullptr) return;
  port.pins = this;
  avr_irq_register_notify(
      irqs + IOPORT_IRQ_REG_PORT,
      [](avr_irq_t*, std::uint32_t value, void* p) {
        auto& self = *static_cast<Port*>(p);
        self.output = static_cast<std::uint8_t>(value);
        self.pins->update(self);
      },
      &port);
  avr_irq_register_notify(
      irqs + IOPORT_IRQ_DIRECTION_ALL,
      [](avr_irq_t*, std::uint32_t value, void* p) {
        auto& self = *static_cast<Port*>(p);
        self.direction = static_cast<std::uint8_t>(value);
        self.pins->update(self);
      },
      &port);
}

void AvrPins::reset() {
  for (Port& port : ports_) {
    if (port.pins == nullptr) continue;
    port.output = port.direction = 0;
    update(port);
    // simavr tells of changes only.
    avr_irq_t* irqs = avr_io_getirq(&avr_, AVR_IOCTL_IOPORT_GETIRQ(port.name), 0);
    irqs[IOPORT_IRQ_REG_PORT].value = irqs[IOPORT_IRQ_DIRECTION_ALL].value = 0;
  }
}

void AvrPins::update(Port& port) {
  const auto high = static_cast<std::uint8_t>(port.output & port.direction);
  const unsigned changed = high ^ port.high;
  if (changed == 0) return;
  port.high = high;
  const TimePoint now = clock_.time(avr_.cycle);
  for (int bit = 0; bit < 8; ++bit) {
    if ((changed >> bit & 1U) != 0) note({now, {port.name, bit}, (high >> bit & 1) != 0});
  }
}

void AvrPins::note(const PinEdge& edge) {
  if (edge.pin == options_.led) {
    if (edge.high) {
      lit_since_ = edge.at;
    } else {
      lit_ += edge.at - lit_since_;
    }
  }
  if (waveform_.is_open()) {
    waveform_ << fmt::format("#{}\n{}P{}{}\n", edge.at.time_since_epoch().count(),
                             edge.high ? 1 : 0, edge.pin.port, edge.pin.bit);
  }
  if (!options_.record) return;
  if (edges_.size() == kMostEdges) edges_.erase(edges_.begin(), edges_.begin() + kMostEdges / 2);
  edges_.push_back(edge);
}

bool AvrPins::high(Pin pin) const {
  const auto i = static_cast<std::size_t>(pin.port - kFirstPort);
  return i < kPorts && (ports_[i].high >> pin.bit & 1) != 0;
}

Duration AvrPins::led_on(TimePoint t) const {
  return led() && t > lit_since_ ? lit_ + (t - lit_since_) : lit_;
}

std::vector<PinEdge> AvrPins::take_edges() { return std::exchange(edges_, {}); }

void AvrPins::open_waveform() {
  errno = 0;
  waveform_.open(options_.vcd_file);
  if (!waveform_) {
    throw BoardError(
        fmt::format("{}: cannot be written: {}", options_.vcd_file, std::strerror(errno)));
  }
  waveform_ << "$timescale 1ps $end\n$scope module " << avr_.mmcu << " $end\n";
  std::string initial;
  for (const Port& port : ports_) {
    for (int bit = 0; port.pins != nullptr && bit < 8; ++bit) {
      waveform_ << fmt::format("$var wire 1 P{0}{1} P{0}{1} $end\n", port.name, bit);
      initial += fmt::format("0P{}{}\n", port.name, bit);
    }
  }
  waveform_ << "$upscope $end\n$enddefinitions $end\n#0\n$dumpvars\n" << initial << "$end\n";
}

}  // namespace understudy
