// The serial port of a megaAVR by its data sheet (ATmega328P, section 20), in place of simavr's own,
// which takes eleven bits for a byte, buffers 64, and sends a byte the moment that it is written.
//
// Sending: a data register and a shift register; a byte is on the wire as long as its frame takes.
// Receiving: the line is sampled at the chip's rate; a FIFO of two frames with their error flags,
// and a third frame that waits in the shift register until the next start bit, which overwrites it.
// A frame so lost is told by DOR, set with the frame that comes after it.
//
// Assumed where the data sheet is silent: a frame starts when its byte enters the shift register
// (the transmitter's bit clock is not free-running), and the sampling clock's phase is that of cycle
// 0. Not modelled: synchronous mode and the multi-processor mode.
#pragma once

#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>

#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "sim/board/avr_clock.hpp"
#include "sim/board/serial_line.hpp"

namespace understudy {

// What went over the line, as the chip saw it.
struct UartStatistics {
  std::uint64_t bytes_received = 0;  // frames, lost ones included
  std::uint64_t bytes_sent = 0;
  std::uint64_t overruns = 0;  // received frames that were lost
  std::uint64_t framing_errors = 0;
  std::uint64_t parity_errors = 0;
};

class AvrUart {
 public:
  // Takes over the registers and interrupts of the chip's first serial port; `port` is simavr's.
  AvrUart(avr_t& avr, avr_uart_t& port, const AvrClock& clock);
  AvrUart(const AvrUart&) = delete;
  AvrUart& operator=(const AvrUart&) = delete;

  // After the chip was reset: both lines idle, both halves off.
  void reset();

  // A frame for the chip to receive, not before those already there.
  void receive(const SerialFrame& frame);
  SerialLine& sent() { return sent_; }
  const UartStatistics& statistics() const { return statistics_; }

 private:
  struct Received {
    std::uint16_t data = 0;
    bool framing_error = false;
    bool overrun = false;
    bool parity_error = false;
  };
  struct Format {
    int data_bits;
    bool parity;
    bool odd;
    int stop_bits;
  };
  enum class Listening { kForEdge, kToStartBit, kToFrame };

  bool get(avr_regbit_t bit) const { return avr_regbit_get(&avr_, bit) != 0; }
  Format format() const;
  // Cycles between two samples of the receiver: UBRR + 1.
  std::uint64_t divider() const;
  std::uint64_t cycles_per_bit() const;

  std::uint8_t read_data();
  void write_data(std::uint8_t byte);
  void write_status(std::uint8_t value);
  void write_control(std::uint8_t value);

  void start_frame(std::uint64_t cycle);
  std::uint64_t end_frame(std::uint64_t cycle);

  void listen(TimePoint from);
  void wait_until(std::uint64_t cycle);
  void sample(std::uint64_t cycle);
  void begin_reception();
  void end_reception();
  void show_head();

  // Interrupts that stay requested as long as their flag is set.
  void raise(avr_int_vector_t& vector);
  void lower(avr_int_vector_t& vector);
  void request(avr_int_vector_t& vector);
  void attach(avr_int_vector_t& vector);

  avr_t& avr_;
  avr_uart_t& port_;
  const AvrClock& clock_;
  UartStatistics statistics_;

  SerialLine sent_;
  std::optional<std::uint16_t> next_;  // the transmitter's data register
  bool shifting_ = false;
  std::uint16_t shift_ = 0;

  SerialLine incoming_;
  Listening listening_ = Listening::kForEdge;
  std::uint64_t first_sample_ = 0;  // the cycle of the first low sample
  std::uint64_t sample_divider_ = 1;
  Oversampling oversampling_ = kNormalSpeed;
  std::deque<Received> fifo_;        // at most two
  std::optional<Received> waiting_;  // in the shift register
  bool lost_ = false;                // a frame, since the last that came into the FIFO
  std::uint8_t last_read_ = 0;
};

}  // namespace understudy
