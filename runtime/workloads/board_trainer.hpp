// Trains a shard on the node's board.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/board/session.hpp"
#include "runtime/workloads/host_trainer.hpp"

namespace understudy {

// The ids of a run's boards, so that none is taken for two.
class BoardIds {
 public:
  // Throws BoardError where another board has the id. A board without an id is not remembered.
  void add(std::uint8_t id, const std::string& board);

 private:
  std::map<std::uint8_t, std::string> boards_;
};

class BoardTrainer final : public ShardTrainer {
 public:
  struct Options {
    ShardPath path = ShardPath::kStreamed;
    bool may_fail = false;  // the round goes on without the board; else its error ends the run
  };
  BoardTrainer(Shard shard, const Options& options, std::shared_ptr<BoardIds> ids);

  // Opens the board first, and anew after it has failed. Records, for each round, board_bytes and
  // board_retransmissions (of the line, both ways), board_line_s (of line time), board_compute_s and
  // board_train_s. Throws ScenarioError for a shard that the board can't hold.
  Task<std::optional<TrainedShard>> train(Node& node, std::vector<float> weights,
                                          ShardTraining training) override;

 private:
  Task<std::vector<float>> train_once(Node& node, const std::vector<float>& weights,
                                      const ShardTraining& training);
  Task<> open(Node& node);
  Task<> record(Node& node, TimePoint start);
  void require_room(const std::string& board) const;

  Shard shard_;
  Options options_;
  std::shared_ptr<BoardIds> ids_;
  std::optional<BoardSession> session_;
  LinkCounters before_{};  // the session's, at the end of the last round
  Duration computed_before_{0};
  int trainings_ = 0;
};

}  // namespace understudy
