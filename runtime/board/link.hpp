// The host's end of the line to a board: numbered frames that arrive once and in order, or a
// BoardError. Up to protocol::kWindow bytes are on their way unacknowledged; when an acknowledgement
// fails to come in time, all of them are sent again (go-back-N).
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "runtime/base/task.hpp"
#include "runtime/board/board.hpp"
#include "runtime/board/frame.hpp"

namespace understudy {

struct LinkOptions {
  // The longest that a board and the adapter before it take to answer, besides the time on the line.
  Duration turnaround = std::chrono::milliseconds(100);
  int tries = 10;         // how often a frame is sent before the board counts as silent
  int data_payload = 23;  // bytes of samples in a frame: two frames of 30 fill the window
};

struct LinkCounters {
  std::int64_t bytes_sent = 0;  // on the wire, everything included
  std::int64_t bytes_received = 0;
  std::int64_t frames_sent = 0;      // numbered ones, each counted once
  std::int64_t retransmissions = 0;  // how many were sent once more
  std::int64_t frames_received = 0;
  std::int64_t bad_frames = 0;
  Duration time_sending{};  // bytes times 10 bits at the line's rate
  Duration time_receiving{};
};

// "load shard"
std::string_view command_name(std::uint8_t type);

class BoardLink {
 public:
  // `answer` gets what the board sends besides acknowledgements and refusals.
  BoardLink(Board& board, Executor& executor, const LinkOptions& options,
            std::function<void(const Frame&)> answer)
      : board_(board), executor_(executor), options_(options), answer_(std::move(answer)) {}

  // Forgets what was on its way: the next numbered frame is `sequence`.
  void begin(std::uint8_t sequence);
  void set_address(std::uint8_t id) { address_ = id; }
  std::uint8_t next_sequence() const { return next_; }

  // Sends a numbered frame once the window has room. Throws BoardError if the board falls silent or
  // goes away while waiting.
  Task<> send(std::uint8_t type, std::vector<std::uint8_t> payload = {});
  // Returns once everything sent has been acknowledged or refused, with the first refusal.
  Task<std::optional<protocol::Refused>> drain();
  // Waits for something to come, sending again what is due. False: the deadline has passed.
  Task<bool> listen(TimePoint deadline);
  // Sends bytes at once and outside of the window.
  void write(std::span<const std::uint8_t> wire);

  // An answer to the frame has come, which is as good as its acknowledgement.
  void acknowledge(std::uint8_t sequence);
  bool is_in_flight(std::uint8_t sequence) const;
  bool refused() const { return refused_.has_value(); }

  // How long a frame and its answer take at most.
  Duration round_trip() const;
  LinkCounters counters() const;

 private:
  struct Sent {
    std::uint8_t type;
    std::uint8_t sequence;
    std::vector<std::uint8_t> wire;
  };
  void take(const SerialInput& input);
  void take(const Frame& frame);
  void send_again();
  std::size_t bytes_in_flight() const;
  void restart_timer() { send_again_at_ = checked_add(executor_.now(), round_trip()); }

  Board& board_;
  Executor& executor_;
  LinkOptions options_;
  std::function<void(const Frame&)> answer_;
  FrameReader reader_;
  std::deque<Sent> in_flight_;
  std::optional<protocol::Refused> refused_;
  TimePoint send_again_at_ = kNever;
  int tries_ = 0;
  std::uint8_t address_ = protocol::kBroadcast;
  std::uint8_t next_ = 0;
  LinkCounters counters_;
};

}  // namespace understudy
