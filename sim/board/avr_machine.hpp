// The chip as the instructions see it that are executed here, between avr_decoder.cpp, which starts
// them, and avr_instructions.cpp, which has one function for each.
#pragma once

#include <simavr/sim_avr.h>

#include <cstdint>

#include "sim/board/avr_decoder.hpp"

namespace understudy {

struct AvrMachine;
// Executes the instruction at pc, and those that follow it, until AvrMachine tells why not.
using AvrRunner = void (*)(AvrMachine& m, unsigned op, avr_flashaddr_t pc, avr_cycle_count_t cycle);

// A word of flash as it was last executed.
struct DecodedWord {
  AvrRunner runner = nullptr;
  unsigned op = ~0U;  // none
};
DecodedWord decode(unsigned op);

struct AvrMachine {
  avr_t& avr;
  const StackLimit& stack;
  std::uint8_t* data;  // registers, then I/O, then SRAM
  std::uint8_t* flags;
  DecodedWord* program;     // by word of flash
  avr_cycle_count_t until;  // the cycle of the next event
  // Where it has stopped.
  bool refused = false;      // at an instruction that is not for here; otherwise time is up
  avr_flashaddr_t last = 0;  // the last one executed
  avr_flashaddr_t pc = 0;
  avr_cycle_count_t cycle = 0;

  unsigned pair(unsigned low) const { return data[low] | data[low + 1] << 8; }
  void set_pair(unsigned low, unsigned value) {
    data[low] = static_cast<std::uint8_t>(value);
    data[low + 1] = static_cast<std::uint8_t>(value >> 8);
  }
  // Nothing happens at these addresses but loads and stores.
  bool sram(unsigned address) const { return address > avr.ioend && address <= avr.ramend; }
  unsigned word(avr_flashaddr_t at) const { return avr.flash[at] | avr.flash[at + 1] << 8; }
};

// From pc on, which lies in flash. A jump to the instruction's runner, not a call, where optimised.
inline void run_at(AvrMachine& m, avr_flashaddr_t pc, avr_cycle_count_t cycle) {
  DecodedWord& decoded = m.program[pc / 2];
  const unsigned op = m.word(pc);
  if (decoded.op != op) decoded = decode(op);  // programs may write flash
  decoded.runner(m, op, pc, cycle);
}

}  // namespace understudy
