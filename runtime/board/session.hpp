// A board with the project's firmware on it, as the host talks to it: commands as coroutines over the
// Board seam, whatever the board is. One command at a time.
//
// Every command throws BoardError, a sentence that names the board, where it falls silent, goes away,
// was reset meanwhile, refuses, or takes too long. References must live until the command has ended.
#pragma once

#include <optional>

#include "runtime/board/link.hpp"
#include "runtime/board/refusal.hpp"
#include "runtime/board/shard.hpp"

namespace understudy {

struct SessionOptions {
  LinkOptions link{};
  bool reset = true;  // open() resets the board first
  // How long open() tries: a bootloader keeps a real board busy for one or two seconds.
  Duration hello_deadline = std::chrono::seconds(5);
  // A training may take this many times board_seconds(), and 5 s.
  double patience = 4;
  Duration heartbeat = std::chrono::seconds(1);  // how often a board that trains is looked after
  std::optional<std::uint8_t> id{};              // what the board must be called
};

// What a board says of itself.
struct BoardDescription {
  std::uint16_t firmware = 0;  // major * 256 + minor
  std::uint8_t id = protocol::kNoId;
  int most_features = 0;
  int shard_bytes = 0;  // what a cached shard may take
  std::uint8_t reset_cause = 0;
  int resets = 0;  // since power came on
  int baud = 0;    // of its line, from the next reset on
};

// What a board has done since it was reset. The counts of 16 bits wrap.
struct BoardStats {
  Duration computing{};  // on samples; wraps after 71 minutes
  std::uint32_t samples = 0;
  int trainings = 0;
  int frames = 0;      // that were for it
  int bad_frames = 0;  // what it heard between two 0x00 and was no frame
  int cached_samples = 0;
  int stack_free = 0;  // bytes between the variables and the deepest reach of the stack
  bool canary = true;  // false: the stack has reached the variables
  protocol::State state = protocol::kIdle;
};

// How long an ATmega328P at 16 MHz computes on so many samples in so many batches: the most that was
// measured over the elements, float32 takes less (docs/protocol.md).
double board_seconds(int features, double samples, double batches);

class BoardSession {
 public:
  BoardSession(Board& board, Executor& executor, const SessionOptions& options = {});
  BoardSession(const BoardSession&) = delete;
  BoardSession& operator=(const BoardSession&) = delete;

  // Resets the board, says hello until it answers, and checks its protocol and id.
  Task<> open();
  const BoardDescription& description() const { return description_; }

  // How samples will be written. The weights become zero where the number of features changes; a
  // cached shard is forgotten.
  Task<> configure(const ShardFormat& format);
  // features + 1 of them, the intercept last; after configure().
  Task<> set_weights(const std::vector<float>& weights);
  Task<std::vector<float>> weights();
  // Configures, and stores the shard on the board.
  Task<> load_shard(const Shard& shard);
  // Trains on the shard that load_shard() left there; returns the weights.
  Task<std::vector<float>> train_cached(const BoardTraining& training);
  // Trains on the shard by sending all of it in each epoch, configuring first if need be.
  Task<std::vector<float>> train_streamed(const BoardTraining& training, const Shard& shard);
  Task<BoardStats> stats();
  // Resets the board by command, and says hello again.
  Task<> reset();
  // Kept in EEPROM. id: 1..254. baud: one of protocol::is_baud, from the next reset on.
  Task<> set_id(std::uint8_t id, std::optional<int> baud = {});

  // Since the session was made.
  LinkCounters counters() const { return link_.counters(); }

 private:
  // The weights that the board owes as the answer to frame `sequence`.
  struct Owed {
    std::uint8_t sequence = 0;
    std::vector<float> floats;
    std::vector<bool> received;
    bool complete() const;
  };

  Task<> handshake();
  void check_hello();
  // Sends one command and waits until it is done.
  Task<> command(std::uint8_t type, std::vector<std::uint8_t> payload = {});
  Task<> finish();
  Task<> send_data(const std::vector<std::uint8_t>& bytes, int times);
  Task<> begin_training(protocol::Mode mode, const BoardTraining& training, int samples);
  Task<std::vector<float>> trained_weights(double estimate_s);
  void owe_weights();
  void take(const Frame& frame);
  void take_hello(const Frame& frame);
  void take_weights(const Frame& frame);

  Board& board_;
  Executor& executor_;
  SessionOptions options_;
  BoardLink link_;
  BoardDescription description_;
  std::uint8_t hello_sequence_ = 0;
  std::optional<protocol::HelloReply> hello_;
  std::optional<ShardFormat> format_;  // the board's, once configured
  int cached_samples_ = 0;
  Asked asked_;
  Owed owed_;
  std::optional<protocol::Stats> stats_;
};

}  // namespace understudy
