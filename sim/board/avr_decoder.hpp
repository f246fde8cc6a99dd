// A decoder faster than simavr's for what programs mostly consist of: arithmetic in registers,
// branches, loads and stores in SRAM, calls. All else it leaves to simavr's, one at a time.
#pragma once

#include <simavr/sim_avr.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace understudy {

// The end of what the stack must not run into.
struct StackLimit {
  std::uint16_t data_end = 0;               // the first address behind static data
  std::optional<std::uint16_t> heap_end{};  // where SRAM holds the address behind the heap

  // A stack pointer, one below the last byte pushed, that leaves all of it alone.
  bool allows(const avr_t& avr, unsigned pointer) const {
    if (pointer + 1 < data_end) return false;
    return !heap_end ||
           pointer + 1 >= static_cast<unsigned>(avr.data[*heap_end] | avr.data[*heap_end + 1] << 8);
  }
};

class AvrDecoder {
 public:
  explicit AvrDecoder(const StackLimit& stack);  // which must outlive the decoder
  ~AvrDecoder();

  // As avr_run_one: executes instructions until the next event (avr.run_cycle_count), an interrupt
  // or a crash, and returns the program counter, which is the caller's to set. The same
  // instructions at the same cycles with the same results.
  avr_flashaddr_t run(avr_t& avr);

 private:
  struct Program;
  bool run_other(avr_t& avr);

  const StackLimit& stack_;
  std::unique_ptr<Program> program_;  // decoded
  avr_flashaddr_t next_ = 0;          // after an instruction of simavr's
};

}  // namespace understudy
