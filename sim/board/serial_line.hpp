// One direction of a serial line as a waveform, so that sender and receiver may disagree about the
// baud rate: the sender draws frames, the receiver samples levels.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "runtime/base/units.hpp"

namespace understudy {

// What goes over the line for one byte: a start bit (0), data bits from the lowest, maybe a parity
// bit, stop bits (1). Bit i of `bits` is the i-th on the wire.
struct SerialFrame {
  TimePoint start;
  Duration bit;
  std::uint32_t bits = 0;
  int count = 10;

  TimePoint end() const { return start + count * bit; }
};

// Start bit, eight data bits, one stop bit.
SerialFrame frame_8n1(TimePoint start, Duration bit, std::uint8_t byte);

// One bit at that rate, to the picosecond.
Duration bit_time(int baud);

class SerialLine {
 public:
  // Frames come in order of their starts; one that begins before the last has ended cuts it short.
  void send(const SerialFrame& frame) { frames_.push_back(frame); }
  // From t on the line is idle.
  void cut(TimePoint t);
  // Forgets what ended before t.
  void forget(TimePoint t);

  // High where the line is idle.
  bool level(TimePoint t) const;
  // When the line first falls from high to low, after t.
  std::optional<TimePoint> next_fall(TimePoint t) const;

 private:
  std::deque<SerialFrame> frames_;
};

// A frame as a receiver with oversampling sees it (ATmega328P data sheet, 20.8): each bit is the
// majority of three samples around its middle.
struct SampledFrame {
  std::uint32_t bits = 0;      // data bits, then parity where there is one
  bool framing_error = false;  // the stop bit was low
};

// Samples are numbered as in the data sheet: 1 is the first low one of the start bit.
struct Oversampling {
  int per_bit;  // 16, in double-speed mode 8
  int vote;     // the first of the three that decide: 8, in double-speed mode 4

  // The sample after which bit i is decided; bit 0 is the start bit.
  int decided(int i) const { return i * per_bit + vote + 2; }
};
inline constexpr Oversampling kNormalSpeed{16, 8};
inline constexpr Oversampling kDoubleSpeed{8, 4};

// Bit i by majority; time_of(n) is when sample n is taken.
template <class TimeOf>
bool sampled_bit(const SerialLine& line, Oversampling sampling, int i, TimeOf time_of) {
  int high = 0;
  for (int n = sampling.decided(i) - 2; n <= sampling.decided(i); ++n) {
    high += line.level(time_of(n)) ? 1 : 0;
  }
  return high >= 2;
}

// `data` bits after the start bit, and the stop bit.
template <class TimeOf>
SampledFrame sampled_frame(const SerialLine& line, Oversampling sampling, int data,
                           TimeOf time_of) {
  SampledFrame frame;
  for (int i = 0; i < data; ++i) {
    if (sampled_bit(line, sampling, 1 + i, time_of)) frame.bits |= 1U << i;
  }
  frame.framing_error = !sampled_bit(line, sampling, 1 + data, time_of);
  return frame;
}

}  // namespace understudy
