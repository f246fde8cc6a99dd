// A board in memory, on the scheduler's clock: the firmware's own BoardProgram behind a line that takes
// ten bit times for a byte, an Arduino's receive buffer, and whatever faults a test wants.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <memory>

#include "firmware/board_program.h"
#include "runtime/base/spawn.hpp"
#include "runtime/board/session.hpp"
#include "sim/time/scheduler.hpp"

namespace understudy {

// The chip, as BoardProgram sees it.
struct MemoryMachine {
  std::deque<std::uint8_t> received;
  std::vector<std::vector<std::uint8_t>> written;  // frames
  std::array<std::uint8_t, 16> eeprom = filled(0xff);
  std::vector<bool> lights;
  std::uint32_t clock_us = 0;
  std::uint8_t cause = 2;
  std::uint8_t restarts = 0;
  bool wants_restart = false;

  static std::array<std::uint8_t, 16> filled(std::uint8_t byte) {
    std::array<std::uint8_t, 16> all;
    all.fill(byte);
    return all;
  }
  std::int16_t read() {
    if (received.empty()) return -1;
    const std::uint8_t byte = received.front();
    received.pop_front();
    return byte;
  }
  void write(const std::uint8_t* bytes, std::uint8_t count) {
    written.emplace_back(bytes, bytes + count);
  }
  std::uint32_t micros() { return clock_us += 100; }
  void light(bool on) { lights.push_back(on); }
  std::uint8_t read_eeprom(std::uint8_t address) { return eeprom.at(address); }
  void write_eeprom(std::uint8_t address, std::uint8_t value) { eeprom.at(address) = value; }
  std::uint8_t reset_cause() { return cause; }
  std::uint8_t resets() { return restarts; }
  std::uint16_t stack_free() { return 100; }
  bool canary() { return true; }
  void restart() { wants_restart = true; }
};

enum class Direction { kDown, kUp };  // to the board, to the host
enum class Fault { kNone, kLost, kFlipped, kDoubled, kBrownOut, kUnplugged };

class MemoryBoard final : public Board, Timer {
 public:
  struct Options {
    int baud = 115200;
    Duration latency = std::chrono::milliseconds(1);  // of the adapter, each way
    Duration turn = std::chrono::microseconds(500);   // what the board takes for a turn with work
    Duration boot = std::chrono::milliseconds(300);   // nothing is heard for so long after a reset
  };
  // What happens to the byte of this number in its direction, counted from the start.
  using FaultOf = std::function<Fault(Direction, int number, std::uint8_t byte)>;

  MemoryBoard(Executor& executor, const Options& options)
      : executor_(executor), options_(options), program_(make()) {}
  ~MemoryBoard() { executor_.cancel(*this); }

  MemoryMachine machine;
  FaultOf fault_of;
  std::function<void(std::vector<std::uint8_t>& wire)> on_answer;  // may change it
  int overruns = 0;         // bytes that the receive buffer had no room for
  std::size_t fullest = 0;  // the most that it held

  std::string name() const override { return "board under test"; }
  int baud() const override { return options_.baud; }
  void write(std::span<const std::uint8_t> bytes) override;
  bool read(ReadOperation& operation) override;
  void cancel(ReadOperation& operation) override;
  void reset() override { restart(2); }

 private:
  struct Line {
    std::deque<std::pair<TimePoint, std::uint8_t>> bytes;
    TimePoint free_at = kStart;
    int count = 0;
  };
  static constexpr std::size_t kReceiveBuffer = 63;

  std::unique_ptr<BoardProgram<MemoryMachine>> make() {
    return std::make_unique<BoardProgram<MemoryMachine>>(machine);
  }
  void put(Line& line, Direction direction, std::uint8_t byte);
  void restart(std::uint8_t cause);
  TimePoint next_event() const;
  void schedule();
  void fire() override;
  void hear();
  void take_turn();

  Executor& executor_;
  Options options_;
  std::unique_ptr<BoardProgram<MemoryMachine>> program_;
  Line down_, up_;
  SerialInput arrived_;
  ReadOperation* reader_ = nullptr;
  TimePoint awake_at_ = kStart;
  TimePoint turn_at_ = kNever;
  bool brown_out_ = false;
};

// Runs one task to its end; rethrows its exception.
inline void run(Scheduler& scheduler, Task<> task) {
  auto spawned = spawn(scheduler, std::move(task));
  scheduler.run();
}

}  // namespace understudy
