#include "sim/board/emulated_board.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "runtime/base/errors.hpp"
#include "tests/board/emulated.hpp"

namespace understudy {
namespace {

using ::testing::HasSubstr;

EmulatedBoardConfig with(std::string_view name, int baud = 115'200) {
  EmulatedBoardConfig config;
  config.firmware = firmware(name);
  config.baud = baud;
  config.record_pins = true;
  return config;
}

// delay(1000) counts 1000 ms of micros(), which timer 0 keeps in steps of 4 us; what else the loop
// does is two calls of digitalWrite and of delay.
TEST(EmulatedBoard, BlinkTurnsTheLedOverEverySecond) {
  EmulatedBoard board(with("blink"));
  board.run_until(kStart + milliseconds(5500));
  const auto edges = board.take_edges();
  ASSERT_EQ(edges.size(), 6U);
  for (std::size_t i = 1; i < edges.size(); ++i) {
    EXPECT_EQ(edges[i].high, i % 2 == 0);
    EXPECT_EQ(edges[i].pin, (Pin{'B', 5}));
    EXPECT_GE(edges[i].at - edges[i - 1].at, seconds(1) - microseconds(8));
    EXPECT_LE(edges[i].at - edges[i - 1].at, seconds(1) + microseconds(30));
  }
  EXPECT_NEAR(to_seconds(board.statistics().led_on), 2.5, 0.501);
  EXPECT_FALSE(board.led());
}

TEST(EmulatedBoard, SerialEventAnswersALine) {
  EmulatedBoard board(with("serial_event", 9600));
  TimePoint at = kStart + milliseconds(50);
  for (const char c : std::string("hello\n")) {
    board.receive(at, static_cast<std::uint8_t>(c));
    at += 10 * bit_time(9600);
  }
  board.run_until(at + milliseconds(50));
  EXPECT_EQ(text(board.take_output()), "hello\n\r\n");
}

TEST(EmulatedBoard, AMegaRunsToo) {
  EmulatedBoardConfig config = with("serial_event_mega", 9600);
  config.mcu = "atmega2560";
  EmulatedBoard board(config);
  TimePoint at = kStart + milliseconds(50);
  for (const char c : std::string("mega\n")) {
    board.receive(at, static_cast<std::uint8_t>(c));
    at += 10 * bit_time(9600);
  }
  board.run_until(at + milliseconds(50));
  EXPECT_EQ(text(board.take_output()), "mega\n\r\n");
}

// The sketch's second port is pin 11 (PB3), driven by software at 4800 baud: what it sends there is
// read off the pin, in the middle of each bit after the start bit's edge.
std::string read_off(const std::vector<PinEdge>& edges, Pin pin, int baud) {
  const auto level = [&](TimePoint at) {
    bool high = true;
    for (const PinEdge& edge : edges) {
      if (edge.pin == pin && edge.at <= at) high = edge.high;
    }
    return high;
  };
  std::string bytes;
  TimePoint free = kStart;
  for (const PinEdge& edge : edges) {
    if (!(edge.pin == pin) || edge.high || edge.at < free) continue;
    int byte = 0;
    for (int i = 0; i < 8; ++i)
      byte |= level(edge.at + (2 * i + 3) * bit_time(baud) / 2) ? 1 << i : 0;
    free = edge.at + 19 * bit_time(baud) / 2;
    EXPECT_TRUE(level(free));  // the stop bit
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

TEST(EmulatedBoard, SoftwareSerialPassesOnWhatItHears) {
  EmulatedBoard board(with("software_serial", 57'600));
  board.run_until(kStart + milliseconds(100));
  EXPECT_EQ(text(board.take_output()), "Goodnight moon!\r\n");
  // begin() raises the pin; what it does before is no byte.
  EXPECT_EQ(read_off(board.take_edges(), {'B', 3}, 4800), "Hello, world?\r\n");
  board.receive(kStart + milliseconds(100), 'U');
  board.receive(kStart + milliseconds(110), '7');
  board.run_until(kStart + milliseconds(150));
  EXPECT_EQ(read_off(board.take_edges(), {'B', 3}, 4800), "U7");
}

TEST(EmulatedBoard, HexRunsAsElfDoes) {
  EmulatedBoardConfig config = with("serial_event", 9600);
  config.firmware.replace(config.firmware.size() - 3, 3, "hex");
  EmulatedBoard board(config);
  board.receive(kStart + milliseconds(50), '\n');
  board.run_until(kStart + milliseconds(70));
  EXPECT_EQ(text(board.take_output()), "\n\r\n");
}

// ---- One clock, whatever the calls

struct Trace {
  std::vector<TimedByte> bytes;
  std::vector<TimePoint> edges;
  std::uint64_t cycles = 0;
  bool operator==(const Trace&) const = default;
};

// A scripted session with the echoing probe, time cut into windows, bytes queued as early as allowed
// or as late.
template <class Window>
Trace session(Window next_window, bool early) {
  Probe probe("uart_probe", {.ubrr = 16, .mode = 3});
  const TimePoint end = kStart + milliseconds(40);
  std::vector<TimePoint> starts;
  for (int i = 0; i < 100; ++i) starts.push_back(kStart + milliseconds(1) + i * microseconds(251));
  Trace trace;
  std::size_t sent = 0;
  for (TimePoint now = kStart; now < end;) {
    const TimePoint until = std::min(end, now + next_window());
    for (; sent < starts.size() && (early || starts[sent] < until); ++sent) {
      probe->receive(starts[sent], static_cast<std::uint8_t>(sent));
    }
    probe->run_until(until);
    for (const TimedByte& byte : probe->take_output()) trace.bytes.push_back(byte);
    now = until;
  }
  for (const PinEdge& edge : probe->take_edges()) trace.edges.push_back(edge.at);
  trace.cycles = probe->cycles();
  return trace;
}

TEST(EmulatedBoard, WindowsDoNotMatter) {
  const Trace whole = session([] { return seconds(1); }, true);
  ASSERT_EQ(whole.bytes.size(), 100U);
  EXPECT_EQ(session([] { return seconds(1); }, true), whole);
  EXPECT_EQ(session([] { return milliseconds(1); }, false), whole);
  EXPECT_EQ(session([] { return microseconds(7); }, false), whole);
  std::uint32_t state = 1;
  const auto random = [&state] {
    state = state * 1664525U + 1013904223U;
    return Duration(1'000 + (state >> 8) % 900'000'000);  // 1 ns to 0.9 ms, off the cycle's grid
  };
  EXPECT_EQ(session(random, false), whole);
}

// Bursts change nothing: the chip of a plain simavr, run by its own loop, ends in the same place
// with the same memory. Both have simavr's UART here.
class Firmware : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Examples, Firmware,
                         testing::Values("blink", "arithmetic", "serial_event", "understudy"));

std::string memory(const avr_t& avr) {
  return {reinterpret_cast<const char*>(avr.data), avr.ramend + 1U};
}

TEST_P(Firmware, RunsAsInTheStockLoop) {
  const FirmwareImage image = load_firmware(firmware(GetParam()));
  AvrCore core("atmega328p", kHertz, image);
  AvrCore stock("atmega328p", kHertz, image);
  stock.avr().run = avr_callback_run_raw;
  stock.avr().run_cycle_limit = 1;
  for (std::uint64_t cycle = 100'003; cycle < 5'000'000; cycle += 100'003) {
    core.run_until(cycle);
    while (stock.avr().cycle < cycle) avr_run(&stock.avr());
    ASSERT_EQ(core.cycle(), stock.cycle());
    ASSERT_EQ(core.avr().pc, stock.avr().pc);
    ASSERT_TRUE(std::equal(core.avr().sreg, core.avr().sreg + 8, stock.avr().sreg));
    ASSERT_EQ(memory(core.avr()), memory(stock.avr()));
  }
  EXPECT_FALSE(core.crash());
}

// Arduino's core starts timers 1 and 2 in the phase-correct mode of eight bits with the clock over
// 64: between overflows lie at least 256 * 64 cycles, and simavr alone has 64.
TEST(EmulatedBoard, TimersKnowTheirPhaseCorrectModes) {
  const FirmwareImage image = load_firmware(firmware("blink"));
  AvrCore core("atmega328p", kHertz, image);
  core.run_until(100'000);
  constexpr int kFlags1 = 0x36, kFlags2 = 0x37;  // TIFR1, TIFR2
  int overflows = 0;
  for (std::uint64_t cycle = 100'000; cycle < 1'700'000; cycle += 1'000) {
    core.avr().data[kFlags1] = core.avr().data[kFlags2] = 0;
    core.run_until(cycle);
    overflows += core.avr().data[kFlags1] & 1;
    overflows += core.avr().data[kFlags2] & 1;
  }
  EXPECT_GE(overflows, 2 * (1'600'000 / 32'768));
  EXPECT_LE(overflows, 2 * (1'600'000 / 16'384 + 1));
}

// ---- Resets

struct Start {
  int cause;
  int count;
};
std::vector<Start> starts(const std::string& bytes) {
  std::vector<Start> found;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) found.push_back({bytes[i], bytes[i + 1]});
  return found;
}
constexpr int kPorf = 1, kExtrf = 2, kBorf = 4, kWdrf = 8;  // MCUSR
constexpr int kResetProbeBaud = 38'461;

TEST(EmulatedBoard, TellsTheCauseOfAReset) {
  EmulatedBoard board(with("reset_probe", kResetProbeBaud));
  board.reset(kStart + milliseconds(50));
  board.reset(kStart + milliseconds(100), ResetCause::kBrownOut);
  board.receive(kStart + milliseconds(150), 'w');
  board.run_until(kStart + milliseconds(200));
  const auto seen = starts(text(board.take_output()));
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[0].cause, kPorf);
  EXPECT_EQ(seen[1].cause, kExtrf);
  EXPECT_EQ(seen[2].cause, kBorf);
  EXPECT_EQ(seen[3].cause, kWdrf);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(seen[i].count, i);  // the EEPROM was 0xff before
  const auto resets = board.statistics().resets;
  EXPECT_EQ(resets, (std::array<std::uint64_t, 4>{1, 1, 1, 1}));
  EXPECT_FALSE(board.crashed());
}

// WDTO_15MS is 2048 cycles of the 128 kHz oscillator: 16 ms.
TEST(EmulatedBoard, TheWatchdogBitesInTime) {
  for (const char how : {'w', 'W'}) {  // W: it runs already, with a time of 2 s
    EmulatedBoard board(with("reset_probe", kResetProbeBaud));
    const TimePoint command = kStart + milliseconds(50);
    board.receive(command, static_cast<std::uint8_t>(how));
    board.run_until(command + milliseconds(15));
    EXPECT_EQ(board.statistics().resets[3], 0U);
    board.run_until(command + milliseconds(17));
    EXPECT_EQ(board.statistics().resets[3], 1U) << how;
  }
}

TEST(EmulatedBoard, AResetLosesWhatIsOnItsWay) {
  EmulatedBoard board(with("reset_probe", kResetProbeBaud));
  board.run_until(kStart + milliseconds(50));
  board.take_output();
  board.receive(kStart + milliseconds(60), 'w');
  board.reset(kStart + milliseconds(55));
  board.run_until(kStart + milliseconds(150));
  EXPECT_EQ(board.statistics().resets[3], 0U);
  EXPECT_EQ(text(board.take_output()).size(), 2U);
}

TEST(EmulatedBoard, ABootLoadersDelayHoldsTheFirmwareBack) {
  EmulatedBoardConfig config = with("reset_probe", kResetProbeBaud);
  config.boot_delay = kOptibootDelay;
  EmulatedBoard board(config);
  board.reset(kStart + milliseconds(50));
  board.take_output();
  board.receive(kStart + milliseconds(500), 'w');  // nobody is there
  board.run_until(kStart + milliseconds(1050));
  EXPECT_TRUE(board.take_output().empty());
  board.run_until(kStart + milliseconds(1100));
  EXPECT_EQ(board.take_output().size(), 2U);
  EXPECT_EQ(board.statistics().resets[3], 0U);
}

TEST(EmulatedBoard, ASleepingBoardWakesForAByte) {
  EmulatedBoard board(with("reset_probe", kResetProbeBaud));
  board.receive(kStart + milliseconds(50), 's');
  board.receive(kStart + seconds(500), 'x');
  board.run_until(kStart + seconds(501));  // 8 billion cycles, in no time
  const auto bytes = board.take_output();
  ASSERT_EQ(bytes.size(), 3U);
  EXPECT_EQ(bytes[2].value, 'x' + 1);
  const Duration answer = bytes[2].at - (kStart + seconds(500));
  EXPECT_GE(answer, 19 * bit_time(kResetProbeBaud));
  EXPECT_LE(answer, 21 * bit_time(kResetProbeBaud));
}

// ---- EEPROM

TEST(EmulatedBoard, TheEepromSurvives) {
  TemporaryFile file("eeprom");
  EmulatedBoardConfig config = with("reset_probe", kResetProbeBaud);
  config.eeprom_file = file.path();
  for (int run = 0; run < 3; ++run) {
    EmulatedBoard board(config);
    board.run_until(kStart + milliseconds(50));
    EXPECT_EQ(starts(text(board.take_output())).at(0).count, run);
  }
  EXPECT_EQ(file.read().size(), 1024U);
  EXPECT_EQ(file.read()[16], 2);
}

// A write keeps EEPE up for 3.3 ms (data sheet, table 8-2), so the probe's second byte, told after
// its write began, is told after that.
TEST(EmulatedBoard, WritingTheEepromTakesItsTime) {
  EmulatedBoard board(with("eeprom_put", 9600));
  board.run_until(kStart + seconds(2));
  EXPECT_THAT(text(board.take_output()), HasSubstr("Written custom data type!"));
  // The sketch puts 123.456f at 0, then {3.14f, 65, "Working!"}: avr-gcc packs structures.
  const std::vector<std::uint8_t> eeprom = board.eeprom();
  const auto value = [&](std::size_t at) {
    float number = 0;
    std::memcpy(&number, eeprom.data() + at, sizeof number);
    return number;
  };
  EXPECT_EQ(value(0), 123.456F);
  EXPECT_EQ(value(4), 3.14F);
  EXPECT_EQ(eeprom[8], 65);
  EXPECT_STREQ(reinterpret_cast<const char*>(&eeprom[9]), "Working!");
}

// ---- What is wrong

std::string refusal(const EmulatedBoardConfig& config) {
  try {
    EmulatedBoard board(config);
  } catch (const BoardError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(EmulatedBoard, RefusesWhatIsNoFirmware) {
  TemporaryFile file("firmware");
  EmulatedBoardConfig config = with("blink");
  config.firmware = file.path();
  EXPECT_EQ(refusal(config), file.path() + ": cannot be read: No such file or directory");
  file.write("#!/bin/sh\n");
  EXPECT_EQ(refusal(config), file.path() + ": is neither an ELF file nor Intel HEX");
  file.write(":10zz");
  EXPECT_EQ(refusal(config), file.path() + ":1: is not a line of Intel HEX");
  file.write(":00000001FF\n");
  EXPECT_EQ(refusal(config), file.path() + ": holds no program");
  config.firmware = "/proc/self/exe";
  EXPECT_EQ(refusal(config),
            "/proc/self/exe: is an ELF file for another kind of machine, not for an AVR");
}

TEST(EmulatedBoard, RefusesEveryTruncatedElf) {
  std::ifstream in(firmware("crash_probe"), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  TemporaryFile file("firmware");
  EmulatedBoardConfig config = with("blink");
  config.firmware = file.path();
  for (std::size_t size = 4; size + 1 < whole.size(); size += 97) {
    file.write(whole.substr(0, size));
    ASSERT_EQ(refusal(config), file.path() + ": is a damaged ELF file") << size;
  }
}

TEST(EmulatedBoard, RefusesFirmwareForAnotherChip) {
  EmulatedBoardConfig config = with("serial_event_mega");
  EXPECT_EQ(refusal(config),
            config.firmware + ": is built for the atmega2560, but the board has an atmega328p");
  config = with("blink");
  config.mcu = "atmega328";  // the same but for power
  EXPECT_EQ(refusal(config), "accepted");
  config.mcu = "atmega328pb";
  EXPECT_EQ(refusal(config), "no chip is called 'atmega328pb', did you mean atmega328p?");
  TemporaryFile big("big");
  config.mcu = "atmega328p";
  big.write(":02000004000CEE\n:0100000000FF\n:00000001FF\n");
  config.firmware = big.path();
  EXPECT_THAT(refusal(config), HasSubstr("bytes of flash, but the atmega328 has 32768"));
}

TEST(EmulatedBoard, RefusesAnEepromOfAnotherSize) {
  TemporaryFile file("eeprom");
  file.write("short");
  EmulatedBoardConfig config = with("blink");
  config.eeprom_file = file.path();
  EXPECT_EQ(refusal(config),
            file.path() + ": holds 5 bytes, but the EEPROM of the atmega328 has 1024");
}

// ---- Waveform

TEST(EmulatedBoard, WritesAWaveform) {
  TemporaryFile file("waveform");
  EmulatedBoardConfig config = with("blink");
  config.vcd_file = file.path();
  {
    EmulatedBoard board(config);
    board.run_until(kStart + milliseconds(1500));
  }
  const std::string vcd = file.read();
  EXPECT_THAT(vcd, testing::StartsWith("$timescale 1ps $end\n"));
  EXPECT_THAT(vcd, HasSubstr("$var wire 1 PB5 PB5 $end\n"));
  EXPECT_THAT(vcd, HasSubstr("\n1PB5\n#100"));  // off a second after it went on, in picoseconds
}

}  // namespace
}  // namespace understudy
