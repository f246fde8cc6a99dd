// Emulated boards on a scheduler's clock. Time is cut into frames of 1 ms, those of the USB adapter
// of an Uno (USB 2.0, 5.12.2): what the host has written by the start of a frame goes on the wire
// then; what the board has sent by the end of a frame reaches the host then. So during a frame
// boards depend on nothing outside, and each is emulated on the pool.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/board/emulated_board.hpp"
#include "sim/time/scheduler.hpp"
#include "sim/world/compute_pool.hpp"

namespace understudy {

inline constexpr Duration kUsbFrame = std::chrono::milliseconds{1};

// What an emulated board's adapter is plugged into.
class HostLine {
 public:
  virtual ~HostLine() = default;
  // At the start of a frame: appends what the host has written since the last.
  virtual void collect(std::vector<std::uint8_t>& to_board) = 0;
  // Whether DTR was raised since then.
  virtual bool take_reset() = 0;
  // Bits per second that the host has set; 0: the port is closed.
  virtual int baud() const = 0;
  // At the end of a frame: what the board has sent during it, and how it is.
  virtual void end_frame(std::span<const std::uint8_t> from_board, const EmulatedBoard& board) = 0;
};

class BoardFleet final : Timer, PendingWork {
 public:
  // Without a pool boards are emulated one after the other.
  BoardFleet(Scheduler& scheduler, ComputePool* pool);
  ~BoardFleet();

  // The board is switched on when the scheduler starts.
  void add(std::unique_ptr<EmulatedBoard> board, std::unique_ptr<HostLine> line);

 private:
  struct Member {
    std::unique_ptr<EmulatedBoard> board;
    std::unique_ptr<HostLine> line;
    TimePoint line_free{};  // when the next byte can start on the wire
    std::shared_ptr<ComputePool::Job> job{};
  };
  void fire() override;    // a frame ends
  void settle() override;  // the next one begins, once nothing more happens at this instant
  void begin_frame(Member& member);
  void end_frame(Member& member);

  Scheduler& scheduler_;
  ComputePool* pool_;
  std::vector<Member> members_;
  TimePoint frame_end_{};
};

}  // namespace understudy
