// An emulated board as the host's code sees it: the two ends of a line in one process.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/board/board.hpp"
#include "runtime/board/tty.hpp"
#include "sim/board/board_fleet.hpp"

namespace understudy {

// The host's end, and through line() the board's. Both are used on the scheduler's thread.
class VirtualBoard final : public Board {
 public:
  VirtualBoard(std::string name, int baud) : name_(std::move(name)), baud_(baud) {}

  // For the fleet; must not outlive the board.
  std::unique_ptr<HostLine> line();

  std::string name() const override { return name_; }
  int baud() const override { return baud_; }
  void write(std::span<const std::uint8_t> bytes) override;
  bool read(ReadOperation& operation) override;
  void cancel(ReadOperation& operation) override;
  void reset() override;
  std::vector<Measurement> measurements() const override { return measurements_; }

 private:
  class Line;
  bool offer(ReadOperation& operation);
  void wake();

  std::string name_;
  int baud_;
  std::vector<std::uint8_t> to_board_, to_host_;
  std::string gone_;
  std::vector<Measurement> measurements_;
  bool reset_ = false;
  ReadOperation* reader_ = nullptr;
};

// The line of a board behind a pseudo-terminal: any program may open it.
class PtyLine final : public HostLine {
 public:
  explicit PtyLine(PseudoTerminal& terminal) : terminal_(terminal) {}
  void collect(std::vector<std::uint8_t>& to_board) override;
  bool take_reset() override;
  int baud() const override { return baud_; }
  // Of a crash there is a warning in the log; the other program sees a board that is silent.
  void end_frame(std::span<const std::uint8_t> from_board, const EmulatedBoard& board) override;

 private:
  PseudoTerminal& terminal_;
  int baud_ = 0;  // as of the start of this frame
  bool crash_told_ = false;
};

}  // namespace understudy
