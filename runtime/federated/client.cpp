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
  AnswerHead head{};
};

template <class Scalar>
StreamKey stream_of(const Node& node, const FederatedJob<Scalar>& job, int round) {
  return {.seed = job.seed, .node = node.rank().value, .round = static_cast<std::uint32_t>(round)};
}

template <class Scalar>
void train(const FederatedJob<Scalar>& job, std::vector<Scalar>& kept, Turn<Scalar>& turn) {
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
  if (usable) return;
  kept = before;
  turn.answer.clear();
}

// Works on what was given, and answers.
template <class Scalar>
Task<> take_turn(Node& node, const FederatedJob<Scalar>& job, std::size_t client, int round,
                 Payload payload) {
  if (const auto head = head_of<GivenHead>(payload)) round = head->round;
  const ClientData<Scalar>& data = job.data[client];
  const StreamKey stream = stream_of(node, job, round);
  auto turn =
      std::make_unique<Turn<Scalar>>(Turn<Scalar>{LocalWork<Scalar>(data, job.local, stream)});
  turn->head.round = round;
  turn->head.samples = static_cast<std::uint32_t>(data.training.size());
  if (!node.dry()) turn->given = values_of<GivenHead, Scalar>(payload);
  payload = {};
  const TimePoint start = node.now();
  const ComputePlan plan = plan_of(node, turn->work.costs(job.algorithm->effort(round)));
  Turn<Scalar>* const raw = turn.get();
  co_await node.compute(plan, [&job, client, raw] { train(job, job.kept[client], *raw); });
  if (job.after_turn) job.after_turn(client, round);
  const Position at{.round = round};
  node.record("local_s", to_seconds(node.now() - start), at, MetricKind::kTiming);
  const std::size_t count = node.dry() ? job.algorithm->answer_size() : turn->answer.size();
  node.send(job.server, kToServer,
            pack_message<AnswerHead, Scalar>(node.dry(), turn->head, count, turn->answer));
}

template <class Scalar>
Task<> work_in_step(Node& node, const FederatedJob<Scalar>& job, std::size_t client) {
  int round = 1;
  if (const auto state = node.restored()) {
    StateReader reader(*state);
    reader.take(round);
    reader.take(job.kept[client]);
    if (job.after_turn) job.after_turn(client, round - 1);
  }
  for (; round <= job.config.rounds; ++round) {
    if (job.cohorts->has(round, client)) {
      const TimePoint start = node.now();
      node.meter().begin(start);
      auto message = co_await node.receive(job.server, kToClients);
      node.meter().end(node.now());
      node.meter().expose(node.now() - start);
      co_await take_turn(node, job, client, round, std::move(message->payload));
    }
    if (round == job.config.rounds) break;
    co_await node.safe_point([&job, client, next = round + 1] {
      return StateWriter().add(next).add(job.kept[client]).take();
    });
  }
}

// The newest word of the server; nullopt once it is over, or can't but be.
template <class Scalar>
Task<std::optional<Message>> newest_word(Node& node, const FederatedJob<Scalar>& job,
                                         TimePoint end) {
  auto message = co_await node.receive(job.server, kToClients, end);
  while (message) {
    auto newer = co_await node.receive(job.server, kToClients, node.now());
    if (!newer) break;
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
  for (int turn = 1;; ++turn) {
    auto message = co_await newest_word(node, job, end);
    if (!message) co_return;
    co_await take_turn(node, job, client, turn, std::move(message->payload));
  }
}

}  // namespace

template <class Scalar>
Task<> join_federation(Node& node, const FederatedJob<Scalar>& job, std::size_t client) {
  return job.config.depends_on_time() ? work_when_asked(node, job, client)
                                      : work_in_step(node, job, client);
}
template Task<> join_federation(Node&, const FederatedJob<float>&, std::size_t);
template Task<> join_federation(Node&, const FederatedJob<double>&, std::size_t);

}  // namespace understudy
