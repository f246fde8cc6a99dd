// The output pins of a chip over time: the LED, a log of edges, a waveform file.
#pragma once

#include <simavr/sim_avr.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "sim/board/avr_clock.hpp"

namespace understudy {

// PB5 is {'B', 5}.
struct Pin {
  char port = 'B';
  int bit = 5;
  bool operator==(const Pin&) const = default;
};

// Pin 13 of an Arduino with this chip.
Pin led_pin(const std::string& mcu);

struct PinEdge {
  TimePoint at;
  Pin pin;
  bool high = false;  // driven high; otherwise driven low or an input
};

class AvrPins {
 public:
  struct Options {
    Pin led;
    bool record = false;     // keep edges for take_edges()
    std::string vcd_file{};  // write them there (IEEE 1364 value change dump); empty: don't
  };

  // Throws BoardError if the waveform file can't be written.
  AvrPins(avr_t& avr, const AvrClock& clock, Options options);
  AvrPins(const AvrPins&) = delete;
  AvrPins& operator=(const AvrPins&) = delete;

  // After the chip was reset: all pins are inputs.
  void reset();

  bool high(Pin pin) const;
  bool led() const { return high(options_.led); }
  // How long the LED has been lit until t.
  Duration led_on(TimePoint t) const;
  // The edges since the last call, in order; at most kMostEdges, the latest ones.
  std::vector<PinEdge> take_edges();

  static constexpr std::size_t kMostEdges = 1 << 20;

 private:
  struct Port {
    AvrPins* pins = nullptr;
    char name = 0;
    std::uint8_t output = 0;     // PORT
    std::uint8_t direction = 0;  // DDR
    std::uint8_t high = 0;       // pins driven high
  };
  static constexpr char kFirstPort = 'A';
  static constexpr std::size_t kPorts = 12;

  void attach(Port& port);
  void update(Port& port);
  void note(const PinEdge& edge);
  void open_waveform();

  avr_t& avr_;
  const AvrClock& clock_;
  Options options_;
  std::array<Port, kPorts> ports_{};
  TimePoint lit_since_ = kStart;
  Duration lit_{0};
  std::vector<PinEdge> edges_;
  std::ofstream waveform_;
};

}  // namespace understudy
