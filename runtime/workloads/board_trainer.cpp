#include "runtime/workloads/board_trainer.hpp"

#include <fmt/format.h>

#include "runtime/base/errors.hpp"
#include "runtime/base/log.hpp"

namespace understudy {

void BoardIds::add(std::uint8_t id, const std::string& board) {
  if (id == protocol::kNoId) return;
  const auto [known, is_new] = boards_.emplace(id, board);
  if (is_new || known->second == board) return;
  throw BoardError(
      fmt::format("{} and {} both have the id {}: give one another ('understudy board id')",
                  known->second, board, static_cast<int>(id)));
}

BoardTrainer::BoardTrainer(Shard shard, const Options& options, std::shared_ptr<BoardIds> ids)
    : shard_(std::move(shard)), options_(options), ids_(std::move(ids)) {}

void BoardTrainer::require_room(const std::string& board) const {
  const int room = session_->description().shard_bytes, bytes = shard_.format.sample_bytes();
  const int samples = shard_.samples();
  if (options_.path == ShardPath::kStreamed || samples * bytes <= room) return;
  throw ScenarioError(fmt::format(
      "workload.shard: {} samples do not fit on {}, which holds {}; use more boards, a smaller "
      "element, or 'streamed'",
      samples, board, room / bytes));
}

Task<> BoardTrainer::open(Node& node) {
  session_.emplace(*node.board(), node.executor());
  before_ = {};
  computed_before_ = Duration{0};
  co_await session_->open();
  ids_->add(session_->description().id, node.board()->name());
  require_room(node.board()->name());
  if (options_.path == ShardPath::kCached) co_await session_->load_shard(shard_);
  if (options_.path == ShardPath::kStreamed) co_await session_->configure(shard_.format);
}

Task<std::vector<float>> BoardTrainer::train_once(Node& node, const std::vector<float>& weights,
                                                  const ShardTraining& training) {
  if (!session_) co_await open(node);
  co_await session_->set_weights(weights);
  const BoardTraining on_board = board_training(training);
  if (options_.path == ShardPath::kCached) co_return co_await session_->train_cached(on_board);
  co_return co_await session_->train_streamed(on_board, shard_);
}

Task<> BoardTrainer::record(Node& node, TimePoint start) {
  const TimePoint end = node.now();
  const BoardStats stats = co_await session_->stats();
  const LinkCounters now = session_->counters();
  const Position at{.round = trainings_};
  const auto note = [&](const char* name, double value) {
    node.record(name, value, at, MetricKind::kTiming);
  };
  const auto bytes = now.bytes_sent + now.bytes_received;
  const auto bytes_before = before_.bytes_sent + before_.bytes_received;
  const auto line = now.time_sending + now.time_receiving;
  const auto line_before = before_.time_sending + before_.time_receiving;
  note("board_bytes", static_cast<double>(bytes - bytes_before));
  note("board_retransmissions", static_cast<double>(now.retransmissions - before_.retransmissions));
  note("board_line_s", to_seconds(line - line_before));
  note("board_compute_s", to_seconds(stats.computing - computed_before_));
  note("board_train_s", to_seconds(end - start));
  before_ = now;
  computed_before_ = stats.computing;
}

Task<std::optional<TrainedShard>> BoardTrainer::train(Node& node, std::vector<float> weights,
                                                      ShardTraining training) {
  ++trainings_;
  const TimePoint start = node.now();
  TrainedShard trained{.weights = {}, .samples = static_cast<std::size_t>(shard_.samples())};
  std::optional<TrainedShard> out;
  try {
    trained.weights = co_await train_once(node, weights, training);
    co_await record(node, start);
    out = std::move(trained);
  } catch (const BoardError& problem) {
    if (!options_.may_fail) throw;
    spdlog::warn("round {}: {}", trainings_, problem.what());
    session_.reset();
  }
  co_return out;
}

}  // namespace understudy
