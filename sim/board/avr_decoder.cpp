#include "sim/board/avr_decoder.hpp"

#include <simavr/sim_core.h>

#include <vector>

#include "sim/board/avr_machine.hpp"

namespace understudy {

struct AvrDecoder::Program {
  std::vector<DecodedWord> words;
};

AvrDecoder::AvrDecoder(const StackLimit& stack)
    : stack_(stack), program_(std::make_unique<Program>()) {}
AvrDecoder::~AvrDecoder() = default;

// One instruction by simavr's decoder, which does not go on to a second since there is no time left.
// False: that is to be looked at before another one.
bool AvrDecoder::run_other(avr_t& avr) {
  avr.run_cycle_count = 0;
  next_ = avr_run_one(&avr);
  // Timers that have changed set the count anew.
  return avr.run_cycle_count == 0 && avr.state == cpu_Running && avr.interrupt_state == 0;
}

avr_flashaddr_t AvrDecoder::run(avr_t& avr) {
  program_->words.resize((avr.flashend + 1U) / 2);
  // While an interrupt waits, the caller looks after each instruction.
  const avr_cycle_count_t until = avr.cycle + (avr.interrupt_state != 0 ? 0 : avr.run_cycle_count);
  AvrMachine m{avr, stack_, avr.data, avr.sreg, program_->words.data(), until};
  while (true) {
    if (avr.pc < avr.flashend) {
      run_at(m, avr.pc, avr.cycle);
      avr.cycle = m.cycle;
      avr.pc = m.refused ? m.pc : m.last;
      if (!m.refused) return m.pc;
    }
    if (!run_other(avr) || avr.cycle >= until) return next_;
    avr.pc = next_;
  }
}

}  // namespace understudy
