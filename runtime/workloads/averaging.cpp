#include "runtime/workloads/averaging.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// Both ways a number comes first, then the weights: the round, or the samples trained on, 0 where the
// training failed. The server's last message is a number alone.
using Number = std::uint32_t;
constexpr Tag kToWorkers{0, 0};
Tag to_server(int round) { return {1, static_cast<std::uint32_t>(round)}; }

struct Content {
  Number number = 0;
  std::vector<float> weights;
};

Payload pack(const Node& node, Number number, const std::vector<float>& weights) {
  const std::size_t bytes = sizeof number + weights.size() * sizeof(float);
  if (node.dry()) return Payload::dry(bytes);
  Payload payload = Payload::of_size(bytes);
  std::memcpy(payload.writable().data(), &number, sizeof number);
  std::memcpy(payload.writable().data() + sizeof number, weights.data(),
              weights.size() * sizeof(float));
  return payload;
}

// In a dry run the number is `assumed`, the weights are zero.
Content unpack(const Payload& payload, Number assumed) {
  UNDERSTUDY_CHECK(payload.size() >= sizeof(Number));
  Content content{assumed, std::vector<float>((payload.size() - sizeof(Number)) / sizeof(float))};
  if (payload.is_dry()) return content;
  const std::byte* bytes = payload.bytes().data();
  std::memcpy(&content.number, bytes, sizeof(Number));
  std::memcpy(content.weights.data(), bytes + sizeof(Number),
              content.weights.size() * sizeof(float));
  return content;
}

TimePoint after(TimePoint start, const std::optional<Duration>& deadline, std::int64_t times) {
  if (!deadline || deadline->count() > (kNever - start).count() / times) return kNever;
  return start + *deadline * times;
}

class Server {
 public:
  Server(Node& node, const AveragingJob& job) : node_(node), job_(job), weights_(job.weights) {}

  Task<> round(int round) {
    const TimePoint end = after(node_.now(), job_.deadline, 1);
    const Payload out = pack(node_, static_cast<Number>(round), weights_);
    for (const Rank worker : job_.workers) node_.send(worker, kToWorkers, out);
    shards_.assign(job_.workers.size(), std::nullopt);
    std::vector<bool> answered(job_.workers.size());
    for (std::size_t missing = answered.size(); missing > 0;) {
      const auto message = co_await node_.receive(std::nullopt, to_server(round), end);
      if (!message) break;
      const std::size_t worker = index_of(message->from);
      if (answered[worker]) continue;  // the network doubled it
      answered[worker] = true;
      --missing;
      take(worker, message->payload);
    }
    require_quorum(round);
    average();
  }

  void say_that_it_ends() {
    for (const Rank worker : job_.workers) node_.send(worker, kToWorkers, pack(node_, 0, {}));
  }
  const std::vector<float>& weights() const { return weights_; }
  std::size_t answers() const {
    return static_cast<std::size_t>(
        std::count_if(shards_.begin(), shards_.end(), [](const auto& s) { return s.has_value(); }));
  }

 private:
  std::size_t index_of(Rank worker) const {
    const auto found = std::lower_bound(job_.workers.begin(), job_.workers.end(), worker);
    return static_cast<std::size_t>(found - job_.workers.begin());
  }
  void take(std::size_t worker, const Payload& payload) {
    Content content = unpack(payload, 1);
    if (content.number > 0) shards_[worker] = {std::move(content.weights), content.number};
  }
  // A dry run's workers may miss deadlines that nobody has given up for.
  void require_quorum(int round) const {
    if (answers() >= job_.quorum || node_.dry()) return;
    throw RunError(fmt::format(
        "round {} ended with the weights of {} of {} nodes, fewer than the quorum of {}", round,
        answers(), job_.workers.size(), job_.quorum));
  }
  void average() {
    std::vector<const TrainedShard*> present;
    for (const auto& shard : shards_) {
      if (shard) present.push_back(&*shard);
    }
    if (!present.empty()) weights_ = weighted_mean(present);
  }

  Node& node_;
  const AveragingJob& job_;
  std::vector<float> weights_;
  std::vector<std::optional<TrainedShard>> shards_;  // of the round, by worker
};

// The weights of the newest round that have come; nullopt once the server has ended.
class Inbox {
 public:
  Inbox(Node& node, const AveragingJob& job)
      : node_(node), job_(job), end_(after(node.now(), job.deadline, job.rounds + 1)) {}

  Task<std::optional<Content>> next() {
    const TimePoint start = node_.now();
    node_.meter().begin(start);
    auto message = co_await node_.receive(job_.server, kToWorkers, end_);
    node_.meter().end(node_.now());
    node_.meter().expose(node_.now() - start);
    std::optional<Content> newest = read(message);
    // A worker that was slower than the deadline leaves out the rounds that have passed.
    while (newest && job_.deadline) {
      message = co_await node_.receive(job_.server, kToWorkers, node_.now());
      if (!message) break;
      newest = read(message);
    }
    co_return newest;
  }

 private:
  std::optional<Content> read(const std::optional<Message>& message) {
    if (!message || message->payload.size() == sizeof(Number)) return std::nullopt;
    return unpack(message->payload, ++rounds_);
  }
  Node& node_;
  const AveragingJob& job_;
  TimePoint end_;
  Number rounds_ = 0;
};

}  // namespace

std::vector<float> weighted_mean(const std::vector<const TrainedShard*>& shards) {
  double samples = 0;
  std::vector<double> sums(shards.front()->weights.size());
  for (const TrainedShard* shard : shards) {
    UNDERSTUDY_CHECK(shard->weights.size() == sums.size());
    const auto count = static_cast<double>(shard->samples);
    samples += count;
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += count * shard->weights[i];
  }
  std::vector<float> mean;
  for (const double sum : sums) mean.push_back(static_cast<float>(sum / samples));
  return mean;
}

Task<> serve_rounds(Node& node, AveragingJob job, std::function<Task<>(const RoundEnd&)> observe) {
  Server server(node, job);
  for (int round = 1; round <= job.rounds; ++round) {
    co_await server.round(round);
    const RoundEnd end{round, server.weights(), server.answers()};
    co_await observe(end);
  }
  server.say_that_it_ends();
}

Task<> work_rounds(Node& node, AveragingJob job, ShardTrainer& trainer, ShardTraining training) {
  Inbox inbox(node, job);
  while (true) {
    std::optional<Content> given = co_await inbox.next();
    if (!given) break;
    const int round = static_cast<int>(given->number);
    auto trained = co_await trainer.train(node, std::move(given->weights), training);
    if (!trained) trained.emplace(TrainedShard{std::vector<float>(job.weights), 0});
    node.send(job.server, to_server(round),
              pack(node, static_cast<Number>(trained->samples), trained->weights));
  }
}

}  // namespace understudy
