#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/board/emulated.hpp"

namespace understudy {
namespace {

enum Mode { kFlood, kCount, kLookAway, kEcho, kInsist, kDrain };
// Bits of UCSR0A (ATmega328P data sheet, 20.11.2).
constexpr int kTransmitted = 0x40;
constexpr int kFramingError = 0x10;
constexpr int kOverrun = 0x08;

// UBRR for 1M, 250k, 115200 (the nearest, 2.1 % fast) and 9600 baud in double-speed mode.
class Rates : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Four, Rates, testing::Values(1, 7, 16, 207));

TEST_P(Rates, BytesSentTakeTenBitsEach) {
  Probe probe("uart_probe", {.ubrr = GetParam(), .mode = kFlood});
  probe->run_until(kStart + 101 * probe.frame() + milliseconds(1));
  const auto bytes = probe->take_output();
  ASSERT_GE(bytes.size(), 100U);
  for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(bytes[i].value, i % 256);
  const double mean = static_cast<double>((bytes.back().at - bytes.front().at).count()) /
                      static_cast<double>(bytes.size() - 1);
  const double expected = (GetParam() + 1) * 8 * 10 * 62'500.0;
  EXPECT_NEAR(mean, expected, 0.005 * expected);
  EXPECT_EQ(probe->statistics().host_framing_errors, 0U);
}

TEST_P(Rates, BytesReceivedTakeTenBitsEach) {
  Probe probe("uart_probe", {.ubrr = GetParam(), .mode = kCount});
  const TimePoint end = probe.send(kStart + milliseconds(1), std::string(100, 'U'));
  probe->run_until(end + milliseconds(1));
  const auto edges = probe->take_edges();
  ASSERT_EQ(edges.size(), 100U);
  const double mean = static_cast<double>((edges.back().at - edges.front().at).count()) / 99;
  const double expected = (GetParam() + 1) * 8 * 10 * 62'500.0;
  EXPECT_NEAR(mean, expected, 0.005 * expected);
}

// The receive complete flag rises when the stop bit is decided, by its sample 6 of 8; the polling
// loop turns the pin over within 10 cycles of that.
TEST_P(Rates, AByteIsThereInTheMiddleOfItsStopBit) {
  Probe probe("uart_probe", {.ubrr = GetParam(), .mode = kCount});
  const TimePoint start = kStart + milliseconds(1);
  probe.send(start, "U");
  probe->run_until(start + 2 * probe.frame());
  const auto edges = probe->take_edges();
  ASSERT_EQ(edges.size(), 1U);
  const Duration sample = (GetParam() + 1) * kCycle;
  const Duration decided = (9 * 8 + 5) * sample;
  EXPECT_GE(edges[0].at - start, decided);
  EXPECT_LE(edges[0].at - start, decided + sample + 10 * kCycle);
}

TEST(EmulatedUart, NormalSpeedTakesTwiceAsLong) {
  Probe probe("uart_probe", {.ubrr = 8, .double_speed = false, .mode = kFlood});
  probe->run_until(kStart + milliseconds(10));
  const auto bytes = probe->take_output();
  ASSERT_GT(bytes.size(), 100U);
  EXPECT_EQ((bytes[100].at - bytes[0].at), 100 * 9 * 16 * 10 * kCycle);
}

// Of four bytes nobody reads, the first two fill the FIFO and the third waits in the shift register
// "until a new start bit is detected": the fourth's start bit overwrites it. The frame read next
// after the loss, the fourth, has DOR set.
TEST(EmulatedUart, AFourthUnreadByteOverwritesTheThird) {
  Probe probe("uart_probe", {.ubrr = 16, .mode = kLookAway, .milliseconds = 2});
  const TimePoint start = kStart + microseconds(300);  // once it looks away
  probe.send(start, "abcd");
  probe->run_until(kStart + milliseconds(10));
  const std::string seen = text(probe->take_output());
  ASSERT_EQ(seen.size(), 7U);
  EXPECT_EQ(seen[2], 'a');
  EXPECT_EQ(seen[4], 'b');
  EXPECT_EQ(seen[6], 'd');
  EXPECT_EQ(seen[1] & kOverrun, 0);
  EXPECT_EQ(seen[3] & kOverrun, 0);
  EXPECT_EQ(seen[5] & kOverrun, kOverrun);
  EXPECT_EQ(probe->statistics().uart.overruns, 1U);
  EXPECT_EQ(probe->statistics().uart.bytes_received, 4U);
}

TEST(EmulatedUart, ThreeUnreadBytesAreHeld) {
  Probe probe("uart_probe", {.ubrr = 16, .mode = kLookAway, .milliseconds = 2});
  probe.send(kStart + microseconds(300), "abc");
  probe->run_until(kStart + milliseconds(10));
  const std::string seen = text(probe->take_output());
  ASSERT_EQ(seen.size(), 7U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(seen[2 + 2 * i], "abc"[i]);
    EXPECT_EQ(seen[1 + 2 * i] & kOverrun, 0);
  }
}

// However many are lost, the last of them is what stays in the shift register.
TEST(EmulatedUart, OfManyUnreadBytesTheFirstTwoAndTheLastStay) {
  Probe probe("uart_probe", {.ubrr = 16, .mode = kLookAway, .milliseconds = 2});
  probe.send(kStart + microseconds(300), "abcdefghij");
  probe->run_until(kStart + milliseconds(10));
  const std::string seen = text(probe->take_output());
  ASSERT_EQ(seen.size(), 7U);
  EXPECT_EQ(std::string({seen[2], seen[4], seen[6]}), "abj");
  EXPECT_EQ(probe->statistics().uart.overruns, 7U);
}

// 115200 baud against 9600: the stop bit is sampled within later bytes, all of them zero.
TEST(EmulatedUart, ALowStopBitIsAFramingError) {
  Probe probe("uart_probe", {.ubrr = 16, .mode = kLookAway, .milliseconds = 2}, 0.5);
  probe.send(kStart + microseconds(300), std::string(1, '\0'));
  probe->run_until(kStart + milliseconds(10));
  const auto statistics = probe->statistics();
  EXPECT_EQ(statistics.uart.bytes_received, 1U);
  EXPECT_EQ(statistics.uart.framing_errors, 1U);
  probe->take_output();
}

// How far the sender's rate may be from the receiver's with eight data bits (data sheet, tables 20-2
// and 20-3; R = the rate that arrives over the receiver's own).
struct Tolerance {
  bool double_speed;
  double slow;
  double fast;
};
class Mismatch : public testing::TestWithParam<Tolerance> {};
INSTANTIATE_TEST_SUITE_P(Speeds, Mismatch,
                         testing::Values(Tolerance{false, 0.9536, 1.0458},
                                         Tolerance{true, 0.9600, 1.0390}));

std::uint64_t framing_errors(const Tolerance& speed, double rate) {
  // Zeros end with the longest low level before the stop bit, and each start bit follows at once.
  Probe probe("uart_probe", {.ubrr = 51, .double_speed = speed.double_speed, .mode = kCount}, rate);
  const TimePoint end = probe.send(kStart + milliseconds(1), std::string(50, '\0'));
  probe->run_until(end + milliseconds(1));
  return probe->statistics().uart.framing_errors;
}

TEST_P(Mismatch, IsToleratedAsFarAsTheDataSheetSays) {
  EXPECT_EQ(framing_errors(GetParam(), GetParam().slow + 0.005), 0U);
  EXPECT_EQ(framing_errors(GetParam(), GetParam().fast - 0.005), 0U);
  EXPECT_GT(framing_errors(GetParam(), GetParam().slow - 0.025), 0U);
  EXPECT_GT(framing_errors(GetParam(), GetParam().fast + 0.025), 0U);
}

TEST(EmulatedUart, TheHostSeesGarbageAtTheWrongRate) {
  Probe right("uart_probe", {.ubrr = 16, .mode = kFlood}, 1.03);
  Probe wrong("uart_probe", {.ubrr = 16, .mode = kFlood}, 1.12);
  std::string heard[2];
  for (int i = 0; i < 2; ++i) {
    Probe& probe = i == 0 ? right : wrong;
    probe->run_until(kStart + milliseconds(20));
    heard[i] = text(probe->take_output());
  }
  ASSERT_GT(heard[0].size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) ASSERT_EQ(heard[0][i], static_cast<char>(i));
  EXPECT_EQ(right->statistics().host_framing_errors, 0U);
  EXPECT_GT(wrong->statistics().host_framing_errors, 0U);
  EXPECT_NE(heard[1].substr(0, 100), heard[0].substr(0, 100));
}

TEST_P(Rates, EchoesEveryByte) {
  Probe probe("uart_probe", {.ubrr = GetParam(), .mode = kEcho});
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const TimePoint end = probe.send(kStart + milliseconds(1), all);
  probe->run_until(end + 3 * probe.frame());
  EXPECT_EQ(text(probe->take_output()), all);
}

// "otherwise a new interrupt will occur once the interrupt routine terminates"
TEST(EmulatedUart, AnInterruptComesAgainWhileItsFlagIsSet) {
  Probe probe("uart_probe", {.ubrr = 16, .mode = kInsist});
  probe->run_until(kStart + milliseconds(5));
  EXPECT_EQ(text(probe->take_output()), "\x03");
}

// TXC is set when the shift register is empty and nothing waits: two frames after the first write.
TEST(EmulatedUart, TransmitCompleteComesWithTheLastStopBit) {
  const ProbeSettings settings{.ubrr = 16, .mode = kDrain};
  Probe probe("uart_probe", settings);
  probe->run_until(kStart + milliseconds(5));
  const auto bytes = probe->take_output();
  const auto edges = probe->take_edges();
  ASSERT_EQ(text(bytes), "\x55\xaa");
  ASSERT_EQ(edges.size(), 1U);
  const Duration late = edges[0].at - bytes[1].at;
  EXPECT_GE(late, -10 * kCycle);
  EXPECT_LE(late, 20 * kCycle);
}

}  // namespace
}  // namespace understudy
