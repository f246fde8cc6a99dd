#include <algorithm>

#include "runtime/federated/arithmetic.hpp"
#include "runtime/federated/messages.hpp"
#include "runtime/federated/rounds.hpp"

namespace understudy {
namespace {

// A client's vectors, there only while it has its turn.
template <class Scalar>
struct Turn {
  LocalWork<Scalar> work;
  std::vector<Scalar> given{};
  std::vector<Scalar> answer{};
  std::vector<std::byte> encoded{};  // the answer as it travels; empty: it is not usable
  AnswerHead head{};
};

template <class Scalar>
StreamKey stream_of(const Node& node, const FederatedJob<Scalar>& job, int round) {
  return {.seed = job.seed, .node = node.rank().value, .round = static_cast<std::uint32_t>(round)};
}

template <class Scalar>
void encode(const FederatedJob<Scalar>& job, std::size_t client, Turn<Scalar>& turn) {
  turn.encoded.resize(job.codec->encoded_bytes(turn.answer.size()));
  encode_with_feedback<Scalar>(*job.codec, turn.answer, job.residuals[client],
                               turn.work.random(Purpose::kCodec, 0), turn.encoded);
}

template <class Scalar>
void train(const FederatedJob<Scalar>& job, std::size_t client, Turn<Scalar>& turn) {
  std::vector<Scalar>& kept = job.kept[client];
  const int round = turn.head.round;
  const std::vector<Scalar> before = kept;
  turn.answer.resize(job.algorithm->answer_size());
  const ClientTurn<Scalar> task{turn.given, round, kept, turn.answer, turn.work};
  job.algorithm->train(task);
  turn.head.train_loss = turn.work.mean_loss();
  if (job.algorithm->effort(round).validates) {
    std::vector<Scalar> trained = turn.given;
    add_scaled<Scalar>(trained, 1, turn.answer);
    turn.head.validation_loss = turn.work.validation_loss(trained);
  }
  const bool usable = std::isfinite(turn.head.train_loss) &&
                      std::isfinite(turn.head.validation_loss) && all_finite<Scalar>(turn.answer) &&
                      all_finite<Scalar>(kept);
  if (usable) return encode(job, client, turn);
  kept = before;
}

// A codec goes over the values a few times, beside training.
template <class Scalar>
std::vector<RepeatedCost> costs_of(const FederatedJob<Scalar>& job, const Turn<Scalar>& turn,
                                   int round) {
  std::vector<RepeatedCost> costs = turn.work.costs(job.algorithm->effort(round));
  if (std::holds_alternative<NoCodec>(job.config.upload)) return costs;
  const auto values = static_cast<double>(job.algorithm->answer_size());
  KernelCost kernel;
  kernel.phase = Phase::kUpdate;
  kernel.flops = 4 * values;
  kernel.bytes = 4 * values * sizeof(Scalar);
  costs.push_back({{kernel}, 1});
  return costs;
}

// Works on what was given, and answers.
template <class Scalar>
Task<> take_turn(Node& node, const FederatedJob<Scalar>& job, std::size_t client, Payload payload) {
  const int round = head_of<GivenHead>(payload).round;
  const ClientData<Scalar>& data = job.data[client];
  const StreamKey stream = stream_of(node, job, round);
  auto turn =
      std::make_unique<Turn<Scalar>>(Turn<Scalar>{LocalWork<Scalar>(data, job.local, stream)});
  turn->head.round = round;
  turn->head.samples = static_cast<std::uint32_t>(data.training.size());
  if (!node.dry()) turn->given = values_of<GivenHead, Scalar>(payload);
  payload = {};
  const TimePoint start = node.now();
  const ComputePlan plan = plan_of(node, costs_of(job, *turn, round));
  Turn<Scalar>* const raw = turn.get();
  co_await node.compute(plan, [&job, client, raw] { train(job, client, *raw); });
  if (job.after_turn) job.after_turn(client, round);
  const Position at{.round = round};
  node.record("local_s", to_seconds(node.now() - start), at, MetricKind::kTiming);
  const std::size_t bytes =
      node.dry() ? job.codec->encoded_bytes(job.algorithm->answer_size()) : turn->encoded.size();
  node.send(job.server, kToServer,
            pack_message<AnswerHead, std::byte>(node.dry(), turn->head, bytes, turn->encoded));
}

template <class Scalar>
Task<> take_next_turn(Node& node, const FederatedJob<Scalar>& job, std::size_t client) {
  const TimePoint start = node.now();
  node.meter().begin(start);
  auto message = co_await node.receive(job.server, kToClients);
  node.meter().end(node.now());
  node.meter().expose(node.now() - start);
  co_await take_turn(node, job, client, std::move(message->payload));
}

template <class Scalar>
Task<> work_in_step(Node& node, const FederatedJob<Scalar>& job, std::size_t client) {
  int round = 1;
  if (const auto state = node.restored()) {
    round = restore_client(job, client, *state);
    if (job.after_turn) job.after_turn(client, round - 1);
  }
  for (; round <= job.config.rounds; ++round) {
    if (job.cohorts->has(round, client)) co_await take_next_turn(node, job, client);
    if (round == job.config.rounds) break;
    co_await node.safe_point(
        [&job, client, next = round + 1] { return save_client(job, client, next); });
  }
}

// The newest word of the server, which may have overtaken others; nullopt once it is over, or can't but
// be.
template <class Scalar>
Task<std::optional<Message>> newest_word(Node& node, const FederatedJob<Scalar>& job,
                                         TimePoint end) {
  auto message = co_await node.receive(job.server, kToClients, end);
  while (message) {
    auto newer = co_await node.receive(job.server, kToClients, node.now());
    if (!newer) break;
    if (head_of<GivenHead>(newer->payload).round > head_of<GivenHead>(message->payload).round)
      message = std::move(newer);
  }
  if (message && !has_values<GivenHead>(message->payload)) message.reset();
  co_return message;
}

// Every draw takes its deadline at most, and a round two of them.
template <class Scalar>
TimePoint end_of_all(const Node& node, const FederatedJob<Scalar>& job) {
  if (!job.config.deadline) return kNever;
  const std::int64_t draws = 2 * std::int64_t{job.config.rounds} + 1;
  if (job.config.deadline->count() > (kNever - node.now()).count() / draws) return kNever;
  return node.now() + *job.config.deadline * draws;
}

template <class Scalar>
Task<> work_when_asked(Node& node, const FederatedJob<Scalar>& job, std::size_t client) {
  const TimePoint end = end_of_all(node, job);
  for (;;) {
    auto message = co_await newest_word(node, job, end);
    if (!message) co_return;
    co_await take_turn(node, job, client, std::move(message->payload));
  }
}

// As work_when_asked, while there are words to come. The network may lose words, or double them.
template <class Scalar>
Task<> work_while_asked(Node& node, const FederatedJob<Scalar>& job, std::size_t client) {
  const TimePoint end = end_of_all(node, job);
  Wakefulness& self = job.sleepers[client];
  while (self.read < self.asked) {
    auto message = co_await newest_word(node, job, end);
    if (!message) break;
    const int round = head_of<GivenHead>(message->payload).round;
    if (round <= self.read) continue;
    self.read = round;
    co_await take_turn(node, job, client, std::move(message->payload));
  }
}

}  // namespace

template <class Scalar>
std::string save_client(const FederatedJob<Scalar>& job, std::size_t client, int next) {
  return StateWriter().add(next).add(job.kept[client]).add(job.residuals[client]).take();
}

template <class Scalar>
int restore_client(const FederatedJob<Scalar>& job, std::size_t client, const std::string& state) {
  int next = 0;
  StateReader reader(state);
  reader.take(next);
  reader.take(job.kept[client]);
  reader.take(job.residuals[client]);
  return next;
}

template <class Scalar>
Task<> answer_federation(Node& node, const FederatedJob<Scalar>& job, std::size_t client) {
  if (job.config.depends_on_time()) {
    co_await work_while_asked(node, job, client);
  } else {
    co_await take_next_turn(node, job, client);
  }
  job.sleepers[client].awake = false;
}

template <class Scalar>
Task<> join_federation(Node& node, const FederatedJob<Scalar>& job, std::size_t client) {
  return job.config.depends_on_time() ? work_when_asked(node, job, client)
                                      : work_in_step(node, job, client);
}
template std::string save_client(const FederatedJob<float>&, std::size_t, int);
template std::string save_client(const FederatedJob<double>&, std::size_t, int);
template int restore_client(const FederatedJob<float>&, std::size_t, const std::string&);
template int restore_client(const FederatedJob<double>&, std::size_t, const std::string&);
template Task<> answer_federation(Node&, const FederatedJob<float>&, std::size_t);
template Task<> answer_federation(Node&, const FederatedJob<double>&, std::size_t);
template Task<> join_federation(Node&, const FederatedJob<float>&, std::size_t);
template Task<> join_federation(Node&, const FederatedJob<double>&, std::size_t);

}  // namespace understudy
