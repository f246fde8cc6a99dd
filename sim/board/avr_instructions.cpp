// Names and encodings: AVR Instruction Set Manual (Atmel-0856).
#include "sim/board/avr_machine.hpp"

namespace understudy {
namespace {

using Machine = AvrMachine;

// What an instruction leaves behind; no cycles: it is not for here, and nothing has changed.
struct Step {
  avr_flashaddr_t pc;
  unsigned cycles;
};
constexpr Step kOther{0, 0};

using Handler = Step (*)(Machine& m, unsigned op, avr_flashaddr_t next);

unsigned d5(unsigned op) { return op >> 4 & 31; }
unsigned r5(unsigned op) { return (op >> 5 & 16) | (op & 15); }
unsigned d4(unsigned op) { return 16 + (op >> 4 & 15); }
unsigned k8(unsigned op) { return (op >> 4 & 0xf0) | (op & 15); }

std::uint8_t byte(unsigned value) { return static_cast<std::uint8_t>(value); }

// ---- Flags

void set_zns(Machine& m, unsigned result) {
  m.flags[S_Z] = (result & 0xff) == 0;
  m.flags[S_N] = result >> 7 & 1;
  m.flags[S_S] = m.flags[S_N] ^ m.flags[S_V];
}

void set_zns_after_carry(Machine& m, unsigned result) {
  const std::uint8_t zero = m.flags[S_Z];
  set_zns(m, result);
  m.flags[S_Z] &= zero;
}

void set_add(Machine& m, unsigned a, unsigned b, unsigned result) {
  const unsigned carry = (a & b) | (b & ~result) | (~result & a);
  m.flags[S_H] = carry >> 3 & 1;
  m.flags[S_C] = carry >> 7 & 1;
  m.flags[S_V] = ((a & b & ~result) | (~a & ~b & result)) >> 7 & 1;
  set_zns(m, result);
}

void set_borrow(Machine& m, unsigned a, unsigned b, unsigned result) {
  const unsigned borrow = (~a & b) | (b & result) | (result & ~a);
  m.flags[S_H] = borrow >> 3 & 1;
  m.flags[S_C] = borrow >> 7 & 1;
  m.flags[S_V] = ((a & ~b & ~result) | (~a & b & result)) >> 7 & 1;
}

// ---- Arithmetic and logic

template <bool kCarry>
Step add(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned a = m.data[d5(op)], b = m.data[r5(op)];
  const unsigned result = a + b + (kCarry ? m.flags[S_C] : 0U);
  m.data[d5(op)] = byte(result);
  set_add(m, a, b, result);
  return {next, 1};
}

template <bool kImmediate, bool kCarry, bool kKeep>
Step subtract(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned d = kImmediate ? d4(op) : d5(op);
  const unsigned a = m.data[d], b = kImmediate ? k8(op) : m.data[r5(op)];
  const unsigned result = a - b - (kCarry ? m.flags[S_C] : 0U);
  set_borrow(m, a, b, result);
  if (kCarry) {
    set_zns_after_carry(m, result);
  } else {
    set_zns(m, result);
  }
  if (kKeep) m.data[d] = byte(result);
  return {next, 1};
}

template <class Combine, bool kImmediate>
Step logic(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned d = kImmediate ? d4(op) : d5(op);
  const unsigned result = Combine{}(m.data[d], kImmediate ? k8(op) : m.data[r5(op)]);
  m.data[d] = byte(result);
  m.flags[S_V] = 0;
  set_zns(m, result);
  return {next, 1};
}

template <class Compute>  // of (m, value) -> result; sets C, H and V
Step unary(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned result = Compute{}(m, m.data[d5(op)]) & 0xffU;
  m.data[d5(op)] = byte(result);
  set_zns(m, result);
  return {next, 1};
}

struct Complement {
  unsigned operator()(Machine& m, unsigned value) const {
    m.flags[S_V] = 0;
    m.flags[S_C] = 1;
    return ~value;
  }
};
struct Negate {
  unsigned operator()(Machine& m, unsigned value) const {
    const unsigned result = -value & 0xffU;
    m.flags[S_H] = ((result | value) >> 3) & 1;
    m.flags[S_V] = result == 0x80;
    m.flags[S_C] = result != 0;
    return result;
  }
};
struct Increment {
  unsigned operator()(Machine& m, unsigned value) const {
    m.flags[S_V] = value == 0x7f;
    return value + 1;
  }
};
struct Decrement {
  unsigned operator()(Machine& m, unsigned value) const {
    m.flags[S_V] = value == 0x80;
    return value - 1;
  }
};
// The bit that falls out goes to C, and V = N xor C.
unsigned shifted(Machine& m, unsigned value, unsigned result) {
  m.flags[S_C] = value & 1;
  m.flags[S_V] = (result >> 7 & 1) ^ m.flags[S_C];
  return result;
}
struct ShiftArithmetically {
  unsigned operator()(Machine& m, unsigned value) const {
    return shifted(m, value, value >> 1 | (value & 0x80));
  }
};
struct Shift {
  unsigned operator()(Machine& m, unsigned value) const { return shifted(m, value, value >> 1); }
};
struct Rotate {
  unsigned operator()(Machine& m, unsigned value) const {
    return shifted(m, value, value >> 1 | static_cast<unsigned>(m.flags[S_C]) << 7);
  }
};

template <bool kAdd>
Step add_to_word(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned p = 24 + (op >> 3 & 6), k = (op >> 2 & 0x30) | (op & 15);
  const unsigned before = m.pair(p), result = (kAdd ? before + k : before - k) & 0xffffU;
  m.set_pair(p, result);
  m.flags[S_V] = (kAdd ? ~before & result : before & ~result) >> 15 & 1;
  m.flags[S_C] = (kAdd ? before & ~result : ~before & result) >> 15 & 1;
  m.flags[S_Z] = result == 0;
  m.flags[S_N] = result >> 15 & 1;
  m.flags[S_S] = m.flags[S_N] ^ m.flags[S_V];
  return {next, 2};
}

Step multiply(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned result = static_cast<unsigned>(m.data[d5(op)]) * m.data[r5(op)];
  m.set_pair(0, result);
  m.flags[S_Z] = result == 0;
  m.flags[S_C] = result >> 15 & 1;
  return {next, 2};
}

Step swap(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned value = m.data[d5(op)];
  m.data[d5(op)] = byte(value >> 4 | value << 4);
  return {next, 1};
}

Step store_flag(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned flag = op >> 4 & 7;
  if (flag == S_I) return kOther;  // concerns interrupts
  m.flags[flag] = (op & 0x80) == 0;
  return {next, 1};
}

Step bit_to_flag(Machine& m, unsigned op, avr_flashaddr_t next) {
  m.flags[S_T] = m.data[d5(op)] >> (op & 7) & 1;
  return {next, 1};
}

Step flag_to_bit(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned mask = 1U << (op & 7);
  m.data[d5(op)] = byte((m.data[d5(op)] & ~mask) | (m.flags[S_T] != 0 ? mask : 0U));
  return {next, 1};
}

// ---- Moving

Step move(Machine& m, unsigned op, avr_flashaddr_t next) {
  m.data[d5(op)] = m.data[r5(op)];
  return {next, 1};
}

Step move_word(Machine& m, unsigned op, avr_flashaddr_t next) {
  m.set_pair((op >> 4 & 15) * 2, m.pair((op & 15) * 2));
  return {next, 1};
}

Step load_immediate(Machine& m, unsigned op, avr_flashaddr_t next) {
  m.data[d4(op)] = byte(k8(op));
  return {next, 1};
}

template <bool kStore>
bool access(Machine& m, unsigned op, unsigned address) {
  if (!m.sram(address)) return false;
  if (kStore) {
    m.data[address] = m.data[d5(op)];
  } else {
    m.data[d5(op)] = m.data[address];
  }
  return true;
}

template <bool kStore, unsigned kPointer>
Step displaced(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned q = (op >> 8 & 0x20) | (op >> 7 & 0x18) | (op & 7);
  if (!access<kStore>(m, op, (m.pair(kPointer) + q) & 0xffffU)) return kOther;
  return {next, 2};
}

template <bool kStore, unsigned kPointer>
Step indirect(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned mode = op & 3;  // 1: increments afterwards, 2: decrements before
  const unsigned d = d5(op);
  if (mode != 0 && (d == kPointer || d == kPointer + 1)) return kOther;  // undefined
  const unsigned address = (m.pair(kPointer) - (mode == 2 ? 1U : 0U)) & 0xffffU;
  if (!access<kStore>(m, op, address)) return kOther;
  if (mode != 0) m.set_pair(kPointer, address + (mode == 1 ? 1U : 0U));
  return {next, 2};
}

template <bool kStore>
Step direct(Machine& m, unsigned op, avr_flashaddr_t next) {
  if (!access<kStore>(m, op, m.word(next))) return kOther;
  return {next + 2, 2};
}

Step load_program(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned z = m.pair(R_ZL), d = d5(op);
  if (d >= R_ZL && (op & 1) != 0) return kOther;  // undefined
  m.data[d] = m.avr.flash[z];
  if ((op & 1) != 0) m.set_pair(R_ZL, z + 1);
  return {next, 3};
}

Step in(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned io = (op >> 5 & 0x30) | (op & 15), address = io + 32;
  if (address == R_SREG || m.avr.io[io].r.c != nullptr || m.avr.io[io].irq != nullptr)
    return kOther;
  m.data[d5(op)] = m.data[address];
  return {next, 1};
}

// ---- The stack

Step push(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned sp = m.pair(R_SPL);
  if (!m.sram(sp) || !m.stack.allows(m.avr, sp - 1)) return kOther;
  m.data[sp] = m.data[d5(op)];
  m.set_pair(R_SPL, sp - 1);
  return {next, 2};
}

Step pop(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned sp = m.pair(R_SPL) + 1;
  if (!m.sram(sp)) return kOther;
  m.data[d5(op)] = m.data[sp];
  m.set_pair(R_SPL, sp);
  return {next, 2};
}

// Chips with more than 128 KiB of flash push three bytes.
bool push_address(Machine& m, avr_flashaddr_t address) {
  const unsigned sp = m.pair(R_SPL);
  if (m.avr.address_size != 2 || !m.sram(sp - 1) || !m.sram(sp)) return false;
  if (!m.stack.allows(m.avr, sp - 2)) return false;
  m.data[sp] = byte(address >> 1);
  m.data[sp - 1] = byte(address >> 9);
  m.set_pair(R_SPL, sp - 2);
  return true;
}

Step return_from_call(Machine& m, unsigned, avr_flashaddr_t) {
  const unsigned sp = m.pair(R_SPL);
  if (m.avr.address_size != 2 || !m.sram(sp + 1) || !m.sram(sp + 2)) return kOther;
  m.set_pair(R_SPL, sp + 2);
  return {static_cast<avr_flashaddr_t>(m.data[sp + 1] << 8 | m.data[sp + 2]) << 1, 4};
}

// ---- Jumps

avr_flashaddr_t relative(const Machine& m, unsigned op, avr_flashaddr_t next) {
  const int words = static_cast<std::int16_t>(op << 4) >> 4;
  return (next + static_cast<avr_flashaddr_t>(words * 2)) & m.avr.flashend;
}

Step jump_relative(Machine& m, unsigned op, avr_flashaddr_t next) {
  return {relative(m, op, next), 2};
}

Step call_relative(Machine& m, unsigned op, avr_flashaddr_t next) {
  if (!push_address(m, next)) return kOther;
  return {relative(m, op, next), 3};
}

avr_flashaddr_t absolute(const Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned high = (op >> 3 & 0x3e) | (op & 1);
  return (high << 16 | m.word(next)) << 1;
}

Step jump(Machine& m, unsigned op, avr_flashaddr_t next) { return {absolute(m, op, next), 3}; }

Step call(Machine& m, unsigned op, avr_flashaddr_t next) {
  if (!push_address(m, next + 2)) return kOther;
  return {absolute(m, op, next), 4};
}

Step branch(Machine& m, unsigned op, avr_flashaddr_t next) {
  const bool wanted = (op & 0x0400) == 0;
  if ((m.flags[op & 7] != 0) != wanted) return {next, 1};
  const int words = static_cast<std::int16_t>(op << 6) >> 9;
  return {next + static_cast<avr_flashaddr_t>(words * 2), 2};
}

Step skip(const Machine& m, avr_flashaddr_t next) {
  const unsigned op = m.word(next);
  // LDS and STS; JMP and CALL, which simavr does not tell from ADIW and SBIW.
  const bool two_words = (op & 0xfc0fU) == 0x9000 || (op & 0xfe0cU) == 0x940c;
  return two_words ? Step{next + 4, 3} : Step{next + 2, 2};
}

Step skip_if_equal(Machine& m, unsigned op, avr_flashaddr_t next) {
  if (m.data[d5(op)] == m.data[r5(op)]) return skip(m, next);
  return {next, 1};
}

// SBIC and SBIS, where reading the register has no effects.
Step skip_by_io_bit(Machine& m, unsigned op, avr_flashaddr_t next) {
  const unsigned io = op >> 3 & 31;
  if (m.avr.io[io].r.c != nullptr || m.avr.io[io].irq != nullptr) return kOther;
  const bool wanted = (op & 0x0200) != 0;
  if ((m.data[io + 32] >> (op & 7) & 1) == (wanted ? 1 : 0)) return skip(m, next);
  return {next, 1};
}

Step skip_by_bit(Machine& m, unsigned op, avr_flashaddr_t next) {
  const bool wanted = (op & 0x0200) != 0;
  if ((m.data[d5(op)] >> (op & 7) & 1) == (wanted ? 1 : 0)) return skip(m, next);
  return {next, 1};
}

Step no_operation(Machine&, unsigned, avr_flashaddr_t next) { return {next, 1}; }
Step other(Machine&, unsigned, avr_flashaddr_t) { return kOther; }

// ---- Decoding

struct And {
  unsigned operator()(unsigned a, unsigned b) const { return a & b; }
};
struct Or {
  unsigned operator()(unsigned a, unsigned b) const { return a | b; }
};
struct ExclusiveOr {
  unsigned operator()(unsigned a, unsigned b) const { return a ^ b; }
};

// Executes the instruction and jumps to the next one's runner: with a jump for each kind of
// instruction, the processor learns which tend to follow which.
template <Handler kHandler>
void run(Machine& m, unsigned op, avr_flashaddr_t pc, avr_cycle_count_t cycle) {
  const Step step = kHandler(m, op, pc + 2);
  cycle += step.cycles;
  if (step.cycles == 0 || cycle >= m.until || step.pc >= m.avr.flashend) {
    m.refused = step.cycles == 0 || cycle < m.until;
    m.last = pc;
    m.pc = step.cycles == 0 ? pc : step.pc;
    m.cycle = cycle;
    return;
  }
  run_at(m, step.pc, cycle);
}

struct Pattern {
  std::uint16_t mask;
  std::uint16_t bits;
  AvrRunner runner;
};

constexpr Pattern kPatterns[] = {
    {0, 0, run<other>},
    {0xffff, 0x0000, run<no_operation>},
    {0xff00, 0x0100, run<move_word>},
    {0xfc00, 0x0400, run<subtract<false, true, false>>},
    {0xfc00, 0x0800, run<subtract<false, true, true>>},
    {0xfc00, 0x0c00, run<add<false>>},
    {0xfc00, 0x1000, run<skip_if_equal>},
    {0xfc00, 0x1400, run<subtract<false, false, false>>},
    {0xfc00, 0x1800, run<subtract<false, false, true>>},
    {0xfc00, 0x1c00, run<add<true>>},
    {0xfc00, 0x2000, run<logic<And, false>>},
    {0xfc00, 0x2400, run<logic<ExclusiveOr, false>>},
    {0xfc00, 0x2800, run<logic<Or, false>>},
    {0xfc00, 0x2c00, run<move>},
    {0xf000, 0x3000, run<subtract<true, false, false>>},
    {0xf000, 0x4000, run<subtract<true, true, true>>},
    {0xf000, 0x5000, run<subtract<true, false, true>>},
    {0xf000, 0x6000, run<logic<Or, true>>},
    {0xf000, 0x7000, run<logic<And, true>>},
    {0xd208, 0x8000, run<displaced<false, R_ZL>>},
    {0xd208, 0x8008, run<displaced<false, R_YL>>},
    {0xd208, 0x8200, run<displaced<true, R_ZL>>},
    {0xd208, 0x8208, run<displaced<true, R_YL>>},
    {0xfe0f, 0x9000, run<direct<false>>},
    {0xfe0f, 0x9001, run<indirect<false, R_ZL>>},
    {0xfe0f, 0x9002, run<indirect<false, R_ZL>>},
    {0xfe0e, 0x9004, run<load_program>},
    {0xfe0f, 0x9009, run<indirect<false, R_YL>>},
    {0xfe0f, 0x900a, run<indirect<false, R_YL>>},
    {0xfe0f, 0x900c, run<indirect<false, R_XL>>},
    {0xfe0f, 0x900d, run<indirect<false, R_XL>>},
    {0xfe0f, 0x900e, run<indirect<false, R_XL>>},
    {0xfe0f, 0x900f, run<pop>},
    {0xfe0f, 0x9200, run<direct<true>>},
    {0xfe0f, 0x9201, run<indirect<true, R_ZL>>},
    {0xfe0f, 0x9202, run<indirect<true, R_ZL>>},
    {0xfe0f, 0x9209, run<indirect<true, R_YL>>},
    {0xfe0f, 0x920a, run<indirect<true, R_YL>>},
    {0xfe0f, 0x920c, run<indirect<true, R_XL>>},
    {0xfe0f, 0x920d, run<indirect<true, R_XL>>},
    {0xfe0f, 0x920e, run<indirect<true, R_XL>>},
    {0xfe0f, 0x920f, run<push>},
    {0xfe0f, 0x9400, run<unary<Complement>>},
    {0xfe0f, 0x9401, run<unary<Negate>>},
    {0xfe0f, 0x9402, run<swap>},
    {0xfe0f, 0x9403, run<unary<Increment>>},
    {0xfe0f, 0x9405, run<unary<ShiftArithmetically>>},
    {0xfe0f, 0x9406, run<unary<Shift>>},
    {0xfe0f, 0x9407, run<unary<Rotate>>},
    {0xff0f, 0x9408, run<store_flag>},
    {0xfe0f, 0x940a, run<unary<Decrement>>},
    {0xfe0e, 0x940c, run<jump>},
    {0xfe0e, 0x940e, run<call>},
    {0xffff, 0x9508, run<return_from_call>},
    {0xff00, 0x9600, run<add_to_word<true>>},
    {0xff00, 0x9700, run<add_to_word<false>>},
    {0xfd00, 0x9900, run<skip_by_io_bit>},
    {0xfc00, 0x9c00, run<multiply>},
    {0xf800, 0xb000, run<in>},
    {0xf000, 0xc000, run<jump_relative>},
    {0xf000, 0xd000, run<call_relative>},
    {0xf000, 0xe000, run<load_immediate>},
    {0xf800, 0xf000, run<branch>},
    {0xf800, 0xf400, run<branch>},
    {0xfe08, 0xf800, run<flag_to_bit>},
    {0xfe08, 0xfa00, run<bit_to_flag>},
    {0xfc08, 0xfc00, run<skip_by_bit>},
};

}  // namespace

DecodedWord decode(unsigned op) {
  DecodedWord decoded{nullptr, op};
  for (const Pattern& pattern : kPatterns) {
    if ((op & pattern.mask) == pattern.bits) decoded.runner = pattern.runner;
  }
  return decoded;
}

}  // namespace understudy
