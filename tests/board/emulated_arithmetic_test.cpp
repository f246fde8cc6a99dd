// The chip's single-precision arithmetic (avr-libc's, executed instruction by instruction) against
// the host's IEEE 754: equal to the bit, or the hashes differ.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "tests/board/emulated.hpp"
#include "tests/board/firmware/arithmetic/arithmetic.h"

namespace understudy {
namespace {

// As arithmetic.ino prints a block.
std::string on_the_host(std::uint32_t block) {
  const arithmetic::Hashes hashes = arithmetic::run_block(block);
  return fmt::format("{} {:X} {:X} {:X} {:X}", block, hashes.of[0], hashes.of[1], hashes.of[2],
                     hashes.of[3]);
}

TEST(Arithmetic, OnTheChipIsThatOfTheHost) {
  // 250 blocks are a million operations, 250,000 of each kind; the whole set has a million of each.
  const std::uint32_t blocks = std::getenv("UNDERSTUDY_SLOW_TESTS") != nullptr ? 1000 : 250;
  EmulatedBoardConfig config;
  config.firmware = firmware("arithmetic");
  config.baud = 1'000'000;
  EmulatedBoard board(config);
  std::string heard;
  const TimePoint limit = kStart + seconds(2 * blocks);
  while (std::count(heard.begin(), heard.end(), '\n') < blocks && board.now() < limit) {
    board.run_until(board.now() + seconds(1));
    heard += text(board.take_output());
  }
  std::istringstream lines(heard);
  std::string line;
  for (std::uint32_t block = 0; block < blocks; ++block) {
    ASSERT_TRUE(std::getline(lines, line));
    ASSERT_EQ(line, on_the_host(block));
  }
}

}  // namespace
}  // namespace understudy
