// Every opcode on random registers, flags and memory, here and in simavr.
#include "sim/board/avr_decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simavr/sim_core.h>

#include <random>

#include "tests/board/emulated.hpp"

namespace understudy {
namespace {

constexpr avr_flashaddr_t kAt = 0x1000;

struct Chip {
  explicit Chip(const FirmwareImage& image) : core("atmega328p", kHertz, image) {
    for (unsigned i = 0x100; i <= avr().ramend; ++i) {
      avr().data[i] = static_cast<std::uint8_t>(i * 37);
    }
  }
  avr_t& avr() { return core.avr(); }

  void set(unsigned opcode, std::uint64_t seed) {
    std::minstd_rand random(static_cast<unsigned>(seed + 1));
    random.discard(3);
    avr_reset(&avr());
    for (unsigned i = 0; i < 32; ++i) avr().data[i] = static_cast<std::uint8_t>(random());
    // Pointers mostly into SRAM, its ends included; sometimes to I/O, registers, or nowhere.
    for (const unsigned pair : {26U, 28U, 30U}) {
      if (random() % 4 != 0) avr().data[pair + 1] = static_cast<std::uint8_t>(random() % 10);
    }
    for (int i = 0; i < 7; ++i) avr().sreg[i] = random() % 2;
    const auto stack = static_cast<unsigned>(0x8ff - random() % 0x820);
    avr().data[R_SPL] = static_cast<std::uint8_t>(stack);
    avr().data[R_SPH] = static_cast<std::uint8_t>(stack >> 8);
    unsigned after = random() & 0xffff;
    // simavr takes these, ADIW and SBIW, for instructions of two words when it skips them.
    if ((after & 0xfe0c) == 0x960c) after ^= 0x0200;
    const unsigned words[] = {opcode, after, 0x940e};
    for (unsigned i = 0; i < 3; ++i) {
      avr().flash[kAt + 2 * i] = static_cast<std::uint8_t>(words[i]);
      avr().flash[kAt + 2 * i + 1] = static_cast<std::uint8_t>(words[i] >> 8);
    }
    avr().pc = kAt;
    avr().run_cycle_count = 1;
  }

  AvrCore core;
};

TEST(AvrDecoder, DoesWithEveryOpcodeWhatSimavrDoes) {
  FirmwareImage image;
  image.flash.assign(2, 0);
  Chip ours(image), theirs(image);
  StackLimit limit;
  limit.data_end = static_cast<std::uint16_t>(ours.avr().ioend + 1);
  AvrDecoder decoder(limit);
  for (unsigned opcode = 0; opcode < 1 << 16; ++opcode) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      ours.set(opcode, seed << 16 | opcode);
      theirs.set(opcode, seed << 16 | opcode);
      const auto before = theirs.avr().cycle, our_before = ours.avr().cycle;
      const avr_flashaddr_t their_next = avr_run_one(&theirs.avr());
      const avr_flashaddr_t our_next = decoder.run(ours.avr());
      SCOPED_TRACE(opcode);
      ASSERT_EQ(our_next, their_next);
      ASSERT_EQ(ours.avr().pc, theirs.avr().pc);
      ASSERT_EQ(ours.avr().cycle - our_before, theirs.avr().cycle - before);
      ASSERT_EQ(ours.avr().state, theirs.avr().state);
      ASSERT_EQ(ours.avr().interrupt_state, theirs.avr().interrupt_state);
      ASSERT_TRUE(std::equal(ours.avr().sreg, ours.avr().sreg + 8, theirs.avr().sreg));
      ASSERT_TRUE(
          std::equal(ours.avr().data, ours.avr().data + ours.avr().ramend + 1, theirs.avr().data));
    }
  }
}

TEST(AvrDecoder, SkipsOneWordOfAddImmediateToWord) {
  FirmwareImage image;
  image.flash.assign(2, 0);
  Chip chip(image);
  chip.set(0xfc00, 1);  // sbrc r0, 0
  chip.avr().data[0] = 0;
  chip.avr().flash[kAt + 2] = 0x0c;  // adiw r24, 12
  chip.avr().flash[kAt + 3] = 0x96;
  StackLimit limit;
  EXPECT_EQ(AvrDecoder(limit).run(chip.avr()), kAt + 4);
}

}  // namespace
}  // namespace understudy
