#include "sim/board/avr_uart.hpp"

#include <bit>

namespace understudy {
namespace {

constexpr std::size_t kBuffered = 2;

std::uint8_t mask(avr_regbit_t bit) { return static_cast<std::uint8_t>(bit.mask << bit.bit); }

// An interrupt of `vector` waits to be served.
bool queued(const avr_int_table_t& table, const avr_int_vector_t& vector) {
  const avr_int_pending_t& queue = table.pending;
  for (unsigned i = queue.read; i != queue.write; i = (i + 1) % avr_int_pending_fifo_size) {
    if (queue.buffer[i] == &vector) return true;
  }
  return false;
}

}  // namespace

AvrUart::AvrUart(avr_t& avr, avr_uart_t& port, const AvrClock& clock)
    : avr_(avr), port_(port), clock_(clock) {
  auto at = [&](avr_io_addr_t address) -> auto& { return avr_.io[AVR_DATA_TO_IO(address)]; };
  at(port.r_udr).r = {
      this, [](avr_t*, avr_io_addr_t, void* p) { return static_cast<AvrUart*>(p)->read_data(); }};
  at(port.r_udr).w = {this, [](avr_t*, avr_io_addr_t, std::uint8_t v, void* p) {
                        static_cast<AvrUart*>(p)->write_data(v);
                      }};
  at(port.r_ucsra).r = {nullptr, nullptr};
  at(port.r_ucsra).w = {this, [](avr_t*, avr_io_addr_t, std::uint8_t v, void* p) {
                          static_cast<AvrUart*>(p)->write_status(v);
                        }};
  at(port.r_ucsrb).r = {nullptr, nullptr};
  at(port.r_ucsrb).w = {this, [](avr_t*, avr_io_addr_t, std::uint8_t v, void* p) {
                          static_cast<AvrUart*>(p)->write_control(v);
                        }};
  at(port.ubrrl.reg).w = {nullptr, nullptr};
  attach(port.rxc);
  attach(port.udrc);
  reset();
}

void AvrUart::reset() {
  const TimePoint now = clock_.time(avr_.cycle);
  sent_.cut(now);
  incoming_.cut(now);
  next_.reset();
  shifting_ = false;
  fifo_.clear();
  waiting_.reset();
  lost_ = false;
  listening_ = Listening::kForEdge;
  avr_.data[port_.r_ucsra] = mask(port_.udrc.raised);
  avr_.data[port_.r_ucsrb] = 0;
  if (port_.r_ucsrc != 0) avr_.data[port_.r_ucsrc] = mask(port_.ucsz);
}

AvrUart::Format AvrUart::format() const {
  const int size = avr_regbit_get(&avr_, port_.ucsz) | avr_regbit_get(&avr_, port_.ucsz2) << 2;
  // UPM1 and UPM0 are bits 5 and 4 of UCSRC on every megaAVR.
  const int parity = port_.r_ucsrc != 0 ? avr_.data[port_.r_ucsrc] >> 4 & 3 : 0;
  return {size < 4 ? 5 + size : (size == 7 ? 9 : 8), parity >= 2, parity == 3,
          get(port_.usbs) ? 2 : 1};
}

std::uint64_t AvrUart::divider() const {
  return (avr_regbit_get(&avr_, port_.ubrrl) | avr_regbit_get(&avr_, port_.ubrrh) << 8) + 1U;
}

std::uint64_t AvrUart::cycles_per_bit() const { return divider() * (get(port_.u2x) ? 8 : 16); }

// ---- Sending

void AvrUart::write_data(std::uint8_t byte) {
  if (!get(port_.txen) || next_) return;  // ignored while the data register is full
  const bool ninth = (avr_.data[port_.r_ucsrb] & 1U) != 0;  // TXB8
  next_ = static_cast<std::uint16_t>(byte | (ninth ? 0x100U : 0U));
  if (shifting_) {
    lower(port_.udrc);
  } else {
    start_frame(avr_.cycle);
  }
}

// The data register's byte goes into the shift register, which makes room for another.
void AvrUart::start_frame(std::uint64_t cycle) {
  const Format format = this->format();
  std::uint32_t bits = *next_ & ((1U << format.data_bits) - 1);
  const bool odd = std::popcount(bits) % 2 != 0;
  int count = format.data_bits;
  if (format.parity) bits |= static_cast<std::uint32_t>(odd != format.odd) << count++;
  for (int i = 0; i < format.stop_bits; ++i) bits |= 1U << count++;
  const std::uint64_t bit = cycles_per_bit();
  const TimePoint start = clock_.time(cycle);
  sent_.send({start, clock_.time(cycle + bit) - start, bits << 1, count + 1});
  ++statistics_.bytes_sent;
  next_.reset();
  shifting_ = true;
  const std::uint64_t end = cycle + bit * static_cast<std::uint64_t>(count + 1);
  avr_cycle_timer_register(
      &avr_, end - avr_.cycle,
      [](avr_t*, avr_cycle_count_t when, void* self) -> avr_cycle_count_t {
        return static_cast<AvrUart*>(self)->end_frame(when);
      },
      this);
  raise(port_.udrc);
}

// Frames follow each other without a gap as long as bytes are there in time.
std::uint64_t AvrUart::end_frame(std::uint64_t cycle) {
  shifting_ = false;
  if (next_) {
    start_frame(cycle);
  } else {
    avr_raise_interrupt(&avr_, &port_.txc);
  }
  return 0;
}

// ---- Receiving

void AvrUart::receive(const SerialFrame& frame) {
  incoming_.send(frame);
  if (listening_ == Listening::kForEdge && get(port_.rxen)) listen(frame.start - Duration(1));
}

// Looks for a start bit after `from`.
void AvrUart::listen(TimePoint from) {
  listening_ = Listening::kForEdge;
  incoming_.forget(from);
  const std::optional<TimePoint> edge = incoming_.next_fall(from);
  if (!edge) return;
  sample_divider_ = divider();
  oversampling_ = get(port_.u2x) ? kDoubleSpeed : kNormalSpeed;
  first_sample_ = (clock_.cycle(*edge) + sample_divider_ - 1) / sample_divider_ * sample_divider_;
  listening_ = Listening::kToStartBit;
  wait_until(first_sample_ +
             static_cast<std::uint64_t>(oversampling_.decided(0) - 1) * sample_divider_);
}

void AvrUart::wait_until(std::uint64_t cycle) {
  avr_cycle_timer_register(
      &avr_, cycle > avr_.cycle ? cycle - avr_.cycle : 0,
      [](avr_t*, avr_cycle_count_t when, void* self) -> avr_cycle_count_t {
        static_cast<AvrUart*>(self)->sample(when);
        return 0;
      },
      this);
}

void AvrUart::sample(std::uint64_t cycle) {
  if (listening_ == Listening::kToFrame) {
    end_reception();
    return listen(clock_.time(cycle));
  }
  const auto time_of = [&](int n) {
    return clock_.time(first_sample_ + static_cast<std::uint64_t>(n - 1) * sample_divider_);
  };
  if (sampled_bit(incoming_, oversampling_, 0, time_of)) return listen(clock_.time(cycle));
  begin_reception();
}

// A start bit: what still waits in the shift register is overwritten.
void AvrUart::begin_reception() {
  if (waiting_) {
    waiting_.reset();
    lost_ = true;
    ++statistics_.overruns;
  }
  const Format format = this->format();
  const int stop = 1 + format.data_bits + (format.parity ? 1 : 0);
  listening_ = Listening::kToFrame;
  wait_until(first_sample_ +
             static_cast<std::uint64_t>(oversampling_.decided(stop) - 1) * sample_divider_);
}

void AvrUart::end_reception() {
  const Format format = this->format();
  const auto time_of = [&](int n) {
    return clock_.time(first_sample_ + static_cast<std::uint64_t>(n - 1) * sample_divider_);
  };
  const SampledFrame frame =
      sampled_frame(incoming_, oversampling_, format.data_bits + (format.parity ? 1 : 0), time_of);
  Received received;
  received.data = static_cast<std::uint16_t>(frame.bits & ((1U << format.data_bits) - 1));
  received.framing_error = frame.framing_error;
  received.parity_error = format.parity && (std::popcount(frame.bits) % 2 != 0) != format.odd;
  ++statistics_.bytes_received;
  statistics_.framing_errors += received.framing_error ? 1 : 0;
  statistics_.parity_errors += received.parity_error ? 1 : 0;
  received.overrun = lost_;
  lost_ = false;
  if (fifo_.size() == kBuffered) {
    waiting_ = received;
    return;
  }
  fifo_.push_back(received);
  show_head();
  raise(port_.rxc);
}

// The error flags belong to the frame that is read next.
void AvrUart::show_head() {
  const Received head = fifo_.empty() ? Received{} : fifo_.front();
  avr_regbit_setto(&avr_, port_.fe, head.framing_error ? 1 : 0);
  avr_regbit_setto(&avr_, port_.dor, head.overrun ? 1 : 0);
  avr_regbit_setto(&avr_, port_.upe, head.parity_error ? 1 : 0);
  avr_regbit_setto(&avr_, port_.rxb8, head.data >> 8 & 1);
}

std::uint8_t AvrUart::read_data() {
  if (fifo_.empty()) return last_read_;
  last_read_ = static_cast<std::uint8_t>(fifo_.front().data);
  fifo_.pop_front();
  if (waiting_) {
    fifo_.push_back(*waiting_);
    waiting_.reset();
  }
  show_head();
  if (fifo_.empty()) {
    lower(port_.rxc);
  } else {
    raise(port_.rxc);
  }
  return last_read_;
}

// ---- Registers

void AvrUart::write_status(std::uint8_t value) {
  // Bits 1 (U2X) and 0 (MPCM) can be written; TXC is cleared by a one.
  constexpr std::uint8_t kWritable = 0x03;
  if ((value & mask(port_.txc.raised)) != 0) lower(port_.txc);
  std::uint8_t& status = avr_.data[port_.r_ucsra];
  status = static_cast<std::uint8_t>((status & ~kWritable) | (value & kWritable));
}

void AvrUart::write_control(std::uint8_t value) {
  std::uint8_t& control = avr_.data[port_.r_ucsrb];
  const bool listened = get(port_.rxen);
  const std::uint8_t read_only = mask(port_.rxb8);
  control = static_cast<std::uint8_t>((value & ~read_only) | (control & read_only));
  for (avr_int_vector_t* vector : {&port_.rxc, &port_.udrc, &port_.txc}) {
    if (get(vector->raised)) request(*vector);
  }
  if (get(port_.rxen) == listened) return;
  if (!listened) return listen(clock_.time(avr_.cycle));
  fifo_.clear();
  waiting_.reset();
  lost_ = false;
  listening_ = Listening::kForEdge;
  show_head();
  lower(port_.rxc);
}

// ---- Interrupts

void AvrUart::raise(avr_int_vector_t& vector) {
  avr_regbit_set(&avr_, vector.raised);
  request(vector);
}

void AvrUart::lower(avr_int_vector_t& vector) {
  avr_regbit_clear(&avr_, vector.raised);
  avr_clear_interrupt(&avr_, &vector);
}

// simavr queues an interrupt once for each time that it is raised and forgets withdrawn ones only
// when their turn comes; one place in its queue is enough.
void AvrUart::request(avr_int_vector_t& vector) {
  if (vector.vector == 0 || !get(vector.enable) || vector.pending != 0) return;
  if (!queued(avr_.interrupts, vector)) {
    avr_raise_interrupt(&avr_, &vector);
    return;
  }
  vector.pending = 1;
  if (avr_.sreg[S_I] != 0 && avr_.interrupt_state == 0) avr_.interrupt_state = 1;
  if (avr_.state == cpu_Sleeping) avr_.state = cpu_Running;
}

// Called when the interrupt is served: it comes again after the handler, unless that has cleared the
// flag.
void AvrUart::attach(avr_int_vector_t& vector) {
  avr_irq_register_notify(
      &vector.irq[AVR_INT_IRQ_PENDING],
      [](avr_irq_t* irq, std::uint32_t pending, void* self) {
        auto& uart = *static_cast<AvrUart*>(self);
        auto& served =
            irq == &uart.port_.rxc.irq[AVR_INT_IRQ_PENDING] ? uart.port_.rxc : uart.port_.udrc;
        if (pending == 0 && uart.get(served.raised)) uart.request(served);
      },
      this);
}

}  // namespace understudy
