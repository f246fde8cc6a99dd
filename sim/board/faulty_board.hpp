// A board whose line does what LineFaultsConfig says, around any board, emulated or real.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/board/board.hpp"
#include "sim/board/board_config.hpp"

namespace understudy {

class FaultyBoard final : public Board, ReadOperation, Timer {
 public:
  // All three must outlive it. `random` decides which bytes are hit.
  FaultyBoard(Board& board, Executor& executor, const LineFaultsConfig& faults,
              RandomStream random);
  ~FaultyBoard() override;

  std::string name() const override { return board_.name(); }
  int baud() const override { return board_.baud(); }
  void write(std::span<const std::uint8_t> bytes) override;
  bool read(ReadOperation& operation) override;
  void cancel(ReadOperation& operation) override;
  void reset() override;
  std::vector<Measurement> measurements() const override { return board_.measurements(); }

 private:
  // Bytes that come out of the line where these went in.
  std::vector<std::uint8_t> pass(std::span<const std::uint8_t> bytes);
  // What happens once a byte has passed; false: the bytes after it are lost.
  bool strike();
  void unplug();
  void listen();             // to the board, unless a read is pending
  void complete() override;  // that read has something
  void fire() override;      // delayed bytes are due, or the board is back
  bool offer(ReadOperation& operation);
  void wake();
  void arm();

  struct Delayed {
    TimePoint at;
    std::vector<std::uint8_t> bytes;
  };

  Board& board_;
  Executor& executor_;
  LineFaultsConfig faults_;
  RandomStream random_;
  std::int64_t passed_ = 0;  // bytes
  bool stuck_ = false, unplugged_ = false, listening_ = false;
  TimePoint returns_ = kNever;
  std::deque<Delayed> delayed_;
  SerialInput ready_;
  ReadOperation* reader_ = nullptr;
};

}  // namespace understudy
