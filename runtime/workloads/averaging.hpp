// Rounds of federated averaging around a server, over the transport: the server sends weights, every
// worker trains them on its shard and sends them back, the server averages what has come.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "runtime/collectives/communicator.hpp"
#include "runtime/workloads/shard_trainer.hpp"

namespace understudy {

struct AveragingJob {
  SharedList<Rank> workers;
  Rank server;
  std::size_t weights = 0;  // how many
  int rounds = 1;
  // A round ends when all workers have answered, or at the deadline after its start if as many as the
  // quorum have. Without a deadline it waits.
  std::optional<Duration> deadline{};
  std::size_t quorum = 0;
};

// What the server knows at the end of a round.
struct RoundEnd {
  int round = 0;  // from 1
  const std::vector<float>& weights;
  std::size_t answers = 0;  // workers whose weights count
};

// The mean weighted by samples, summed in double in the order given. At least one sample.
std::vector<float> weighted_mean(const std::vector<const TrainedShard*>& shards);

// The server's part, from weights of zero. An answer that comes after its round, or comes twice, does
// not count; a round in which nobody has trained leaves the weights. Throws RunError for a round without
// its quorum.
Task<> serve_rounds(Node& node, AveragingJob job, std::function<Task<>(const RoundEnd&)> observe);

// A worker's part, until the server says that it has ended, or, with a deadline, can't but have.
Task<> work_rounds(Node& node, AveragingJob job, ShardTrainer& trainer, ShardTraining training);

}  // namespace understudy
