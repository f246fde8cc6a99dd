// How fast a board is emulated: cycles a second of one core, ours against simavr's stock loop, with
// the same cycle counts; and how many boards the machine carries at the pace of real time.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/board/emulated_board.hpp"
#include "sim/world/compute_pool.hpp"

namespace understudy {
namespace {

constexpr std::int64_t kHertz = 16'000'000;
constexpr Duration kWindow = std::chrono::milliseconds(1);  // a USB adapter's latency
constexpr std::uint64_t kCycles = kHertz / 1000;            // in a window

// Firmware of different habits: arithmetic computes, blink waits for the clock, the project's own
// waits for bytes.
const char* const kFirmware[] = {"arithmetic", "blink", "understudy"};

std::string path(std::int64_t i) {
  return fmt::format("{}/{}.elf", UNDERSTUDY_FIRMWARE_DIR, kFirmware[i]);
}

// What a program can tell: its place, its registers and memory.
std::string state(avr_t& avr) {
  std::string all(reinterpret_cast<char*>(avr.data), avr.ramend + 1U);
  all.append(reinterpret_cast<char*>(avr.sreg), sizeof avr.sreg);
  return all + fmt::format("{} {}", avr.pc, avr.cycle);
}

struct Stock {
  // `limit`: the most cycles between two looks at timers and interrupts; simavr's default is 1.
  Stock(const FirmwareImage& image, std::uint64_t limit) : core("atmega328p", kHertz, image) {
    core.avr().run = avr_callback_run_raw;
    core.avr().run_cycle_limit = limit;
  }
  void run_until(std::uint64_t cycle) {
    while (core.avr().cycle < cycle) avr_run(&core.avr());
  }
  AvrCore core;
};

void count_cycles(benchmark::State& state, std::uint64_t cycles) {
  state.counters["MHz"] =
      benchmark::Counter(static_cast<double>(cycles) / 1e6, benchmark::Counter::kIsRate);
  state.SetLabel(kFirmware[state.range(0)]);
}

void BM_StockLoop(benchmark::State& state) {
  const FirmwareImage image = load_firmware(path(state.range(0)));
  Stock stock(image, 1);
  std::uint64_t cycle = 0;
  for (auto _ : state) stock.run_until(cycle += kCycles);
  count_cycles(state, cycle);
}
BENCHMARK(BM_StockLoop)->DenseRange(0, 2)->Unit(benchmark::kMicrosecond);

// simavr's loop and decoder, but from event to event.
void BM_StockInBursts(benchmark::State& state) {
  const FirmwareImage image = load_firmware(path(state.range(0)));
  Stock stock(image, kCycles);
  std::uint64_t cycle = 0;
  for (auto _ : state) stock.run_until(cycle += kCycles);
  count_cycles(state, cycle);
}
BENCHMARK(BM_StockInBursts)->DenseRange(0, 2)->Unit(benchmark::kMicrosecond);

void BM_Core(benchmark::State& state) {
  const FirmwareImage image = load_firmware(path(state.range(0)));
  AvrCore core("atmega328p", kHertz, image);
  std::uint64_t cycle = 0;
  for (auto _ : state) core.run_until(cycle += kCycles);
  count_cycles(state, cycle);
  Stock stock(image, 1);
  stock.run_until(cycle);
  if (understudy::state(stock.core.avr()) != understudy::state(core.avr())) {
    state.SkipWithError("the stock loop ends in another state");
  }
}
BENCHMARK(BM_Core)->DenseRange(0, 2)->Unit(benchmark::kMicrosecond);

// The whole board, its UART and pins included.
void BM_Board(benchmark::State& state) {
  EmulatedBoardConfig config;
  config.firmware = path(state.range(0));
  EmulatedBoard board(config);
  TimePoint now = kStart;
  for (auto _ : state) {
    board.run_until(now += kWindow);
    board.take_output();
  }
  count_cycles(state, board.cycles());
}
BENCHMARK(BM_Board)->DenseRange(0, 2)->Unit(benchmark::kMicrosecond);

// Many boards that compute without pause, window by window on a pool of two threads; "speed" is
// emulated time over real time.
void scaling_boards(benchmark::State& state) {
  EmulatedBoardConfig config;
  config.firmware = path(0);
  std::vector<std::unique_ptr<EmulatedBoard>> boards;
  for (int i = 0; i < state.range(0); ++i) {
    boards.push_back(std::make_unique<EmulatedBoard>(config));
  }
  ComputePool pool(2);
  TimePoint now = kStart;
  std::vector<std::shared_ptr<ComputePool::Job>> jobs;
  for (auto _ : state) {
    now += kWindow;
    for (const auto& board : boards) {
      jobs.push_back(pool.submit([&board, now] { board->run_until(now); }));
    }
    for (const auto& job : jobs) job->wait();
    jobs.clear();
  }
  state.counters["speed"] = benchmark::Counter(to_seconds(now), benchmark::Counter::kIsRate);
}
BENCHMARK(scaling_boards)
    ->Arg(1)
    ->Arg(2)
    ->Arg(4)
    ->Arg(8)
    ->Arg(10)
    ->Arg(12)
    ->Arg(16)
    ->Arg(32)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace understudy
