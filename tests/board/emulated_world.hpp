// Emulated boards on a scheduler, for the tests of what lies between them and a host.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "runtime/base/spawn.hpp"
#include "runtime/board/session.hpp"
#include "sim/board/virtual_board.hpp"
#include "tests/board/emulated.hpp"

namespace understudy {

// One that notes what passes each frame, in front of another.
struct FrameRecord {
  std::vector<std::uint8_t> to_host;
  std::uint64_t cycles = 0;  // of the board at the frame's end
  bool operator==(const FrameRecord&) const = default;
};
class RecordingLine final : public HostLine {
 public:
  RecordingLine(std::unique_ptr<HostLine> line, std::vector<FrameRecord>& frames)
      : line_(std::move(line)), frames_(frames) {}
  void collect(std::vector<std::uint8_t>& to_board) override { line_->collect(to_board); }
  bool take_reset() override { return line_->take_reset(); }
  int baud() const override { return line_->baud(); }
  void end_frame(std::span<const std::uint8_t> from_board, const EmulatedBoard& board) override {
    frames_.push_back({{from_board.begin(), from_board.end()}, board.cycles()});
    line_->end_frame(from_board, board);
  }

 private:
  std::unique_ptr<HostLine> line_;
  std::vector<FrameRecord>& frames_;
};

// Boards with a firmware on a clock that jumps.
class EmulatedWorld {
 public:
  explicit EmulatedWorld(int threads = 0)
      : pool_(threads > 0 ? std::make_unique<ComputePool>(threads) : nullptr),
        fleet_(std::make_unique<BoardFleet>(scheduler, pool_.get())) {}
  // The fleet goes before the boards to which its lines lead.
  ~EmulatedWorld() { fleet_.reset(); }

  VirtualBoard& add(EmulatedBoardConfig config, int host_baud) {
    config.baud = host_baud;
    config.name = "board " + std::to_string(boards_.size());
    boards_.push_back(std::make_unique<VirtualBoard>(config.name, host_baud));
    frames_.push_back(std::make_unique<std::vector<FrameRecord>>());
    fleet_->add(std::make_unique<EmulatedBoard>(config),
                std::make_unique<RecordingLine>(boards_.back()->line(), *frames_.back()));
    return *boards_.back();
  }
  VirtualBoard& add(std::string_view name, int host_baud = 115'200) {
    EmulatedBoardConfig config;
    config.firmware = firmware(name);
    return add(config, host_baud);
  }
  const std::vector<FrameRecord>& frames(std::size_t board) const { return *frames_.at(board); }
  // Runs until every task has ended; rethrows the first failure.
  void run(std::vector<Task<>> tasks) {
    for (Task<>& task : tasks) spawn(scheduler, std::move(task));
    scheduler.run();
  }
  void run(Task<> task) {
    spawn(scheduler, std::move(task));
    scheduler.run();
  }

  Scheduler scheduler;

 private:
  std::unique_ptr<ComputePool> pool_;
  std::vector<std::unique_ptr<VirtualBoard>> boards_;
  std::vector<std::unique_ptr<std::vector<FrameRecord>>> frames_;
  std::unique_ptr<BoardFleet> fleet_;
};

}  // namespace understudy
