#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/log.hpp"
#include "runtime/federated/messages.hpp"
#include "runtime/federated/rounds.hpp"

namespace understudy {
namespace {

// Draws may fail as often as there are rounds before the run gives up.
constexpr int kMostDrawsPerRound = 2;

template <class Scalar>
class FederationServer {
 public:
  FederationServer(Node& node, const FederatedJob<Scalar>& job) : node_(node), job_(job) {}

  Task<> serve() {
    if (const auto state = node_.restored()) {
      restore(*state);
    } else if (!node_.dry()) {
      begin();
    }
    const int rounds = job_.config.rounds;
    while (round_ < rounds) {
      co_await one_round();
      const FederatedRound<Scalar> end{round_, round_ == rounds, state_.model, answered_};
      co_await job_.observe(node_, end);
      if (job_.config.depends_on_time() || round_ == rounds) continue;
      co_await node_.safe_point([this] { return save(); });
    }
    if (job_.config.depends_on_time()) say_that_it_is_over();
  }

 private:
  struct Answer {
    std::size_t client = 0;
    std::int32_t round = 0;
    Payload payload;
  };

  void begin() {
    answered_.assign(job_.clients.size(), 0);
    std::vector<Scalar> initial(job_.data[0].learner->layout().size);
    job_.data[0].learner->initial(node_.shared_random(Purpose::kInit), initial);
    state_ = job_.algorithm->start(initial);
  }

  Task<> one_round() {
    const TimePoint start = node_.now();
    ++round_;
    do {
      co_await ask_and_collect();
    } while (answers_.empty() && !node_.dry() && is_to_repeat());
    if (!answers_.empty() || node_.dry()) co_await aggregate();
    record(start);
  }

  Task<> ask_and_collect() {
    const std::vector<std::uint32_t>& cohort = job_.cohorts->of(++draw_);
    asked_ = cohort.size();
    const TimePoint start = node_.now();
    const TimePoint end = job_.config.deadline ? checked_add(start, *job_.config.deadline) : kNever;
    give(cohort);
    answers_.clear();
    excluded_ = late_ = 0;
    node_.meter().begin(start);
    std::size_t heard = 0;
    // Of those asked, as many as fail need not be waited for.
    while (heard < std::min(job_.wanted + excluded_, asked_ - lost_of(cohort))) {
      auto message = co_await node_.receive(std::nullopt, kToServer, end);
      if (message) heard += take(*message) ? 1 : 0;
      if (!message && node_.now() >= end) break;
    }
    node_.meter().end(node_.now());
    node_.meter().expose(node_.now() - start);
  }

  // How many will not answer any more.
  std::size_t lost_of(const std::vector<std::uint32_t>& cohort) const {
    return static_cast<std::size_t>(
        std::count_if(cohort.begin(), cohort.end(), [this](std::uint32_t client) {
          return node_.is_lost(job_.clients[client]) && answered_[client] < round_;
        }));
  }

  void give(const std::vector<std::uint32_t>& cohort) {
    const std::size_t count = job_.algorithm->given_size();
    std::vector<Scalar> values;
    if (!node_.dry()) {
      values.resize(count);
      job_.algorithm->give(state_, values);
    }
    const Payload payload = pack_message<GivenHead, Scalar>(node_.dry(), {round_}, count, values);
    for (const std::uint32_t client : cohort) node_.send(job_.clients[client], kToClients, payload);
  }

  // True: it is an answer to this round.
  bool take(Message& message) {
    const auto head = head_of<AnswerHead>(message.payload);
    if (!head) return true;
    const std::size_t client = index_of(message.from);
    if (head->round <= answered_[client]) return false;  // the network doubled it
    answered_[client] = head->round;
    const bool in_time = head->round == round_;
    if (!in_time) ++late_;
    if (!has_values<AnswerHead>(message.payload)) {
      spdlog::warn("client {} is left out of round {}: its loss is no number", client, head->round);
      if (in_time) ++excluded_;
      return in_time;
    }
    if (in_time || job_.config.late == LateAnswers::kStale) {
      answers_.push_back({client, head->round, std::move(message.payload)});
    }
    return in_time;
  }
  std::size_t index_of(Rank rank) const {
    const auto found = std::lower_bound(job_.clients.begin(), job_.clients.end(), rank);
    return static_cast<std::size_t>(found - job_.clients.begin());
  }

  bool is_to_repeat() const {
    if (job_.config.empty_round == EmptyRound::kSkip) return false;
    if (job_.config.empty_round == EmptyRound::kFail)
      throw RunError(fmt::format("round {} ended without an answer that counts", round_));
    if (draw_ < kMostDrawsPerRound * job_.config.rounds) return true;
    throw RunError(
        fmt::format("round {} stayed without an answer that counts in {} draws", round_, draw_));
  }

  // On one order of answers, whichever they came in.
  Task<> aggregate() {
    std::sort(answers_.begin(), answers_.end(), [](const Answer& a, const Answer& b) {
      return std::pair(a.client, a.round) < std::pair(b.client, b.round);
    });
    double loss_sum = 0, samples = 0;
    for (const Answer& a : answers_) {
      const auto head = head_of<AnswerHead>(a.payload);
      loss_sum += head->train_loss * head->samples;
      samples += head->samples;
    }
    if (samples > 0) loss_ = loss_sum / samples;
    const std::size_t count = node_.dry() ? job_.wanted : answers_.size();
    const ComputePlan plan = node_.plan(aggregation_cost(static_cast<double>(count)));
    co_await node_.compute(plan, [this] {
      std::vector<std::vector<Scalar>> values;
      std::vector<ClientAnswer<Scalar>> answers;
      for (const Answer& a : answers_) {
        const auto head = head_of<AnswerHead>(a.payload);
        values.push_back(values_of<AnswerHead, Scalar>(a.payload));
        answers.push_back({.values = values.back(),
                           .samples = static_cast<double>(head->samples),
                           .discount = 1 / std::sqrt(1.0 + round_ - a.round),
                           .validation_loss = head->validation_loss});
      }
      job_.algorithm->aggregate(answers, state_);
    });
    answers_counted_ = answers_.size();
    answers_.clear();
  }
  Cost aggregation_cost(double answers) const {
    const double values = static_cast<double>(job_.algorithm->answer_size());
    KernelCost kernel;
    kernel.phase = Phase::kReduce;
    kernel.flops = 2 * answers * values;
    kernel.bytes = (answers + 2) * values * sizeof(Scalar);
    return {kernel};
  }

  void record(TimePoint start) {
    const Position at{.step = round_, .round = round_};
    const auto count = [](std::size_t n) { return static_cast<double>(n); };
    node_.record("train_loss", loss_, at);
    node_.record("answers", count(answers_counted_), at);
    node_.record("excluded", count(excluded_), at);
    node_.record("late", count(late_), at);
    node_.record("round_s", to_seconds(node_.now() - start), at, MetricKind::kTiming);
    answers_counted_ = 0;
  }

  void say_that_it_is_over() {
    const Payload over = pack_message<GivenHead, Scalar>(node_.dry(), {round_}, 0, {});
    for (const Rank client : job_.clients) node_.send(client, kToClients, over);
  }

  std::string save() const {
    return StateWriter()
        .add(round_)
        .add(draw_)
        .add(loss_)
        .add(state_.model)
        .add(state_.extra)
        .add(answered_)
        .take();
  }
  void restore(const std::string& state) {
    StateReader reader(state);
    reader.take(round_);
    reader.take(draw_);
    reader.take(loss_);
    reader.take(state_.model);
    reader.take(state_.extra);
    reader.take(answered_);
    const bool fits = state_.model.size() == job_.algorithm->shared_size() &&
                      answered_.size() == job_.clients.size();
    if (!fits) throw DataError("a checkpoint does not fit the federation that it is of");
  }

  Node& node_;
  const FederatedJob<Scalar>& job_;
  ServerState<Scalar> state_;
  std::vector<std::int32_t> answered_;  // the last round that each client answered to
  int round_ = 0;
  int draw_ = 0;
  std::size_t asked_ = 0;
  std::vector<Answer> answers_;
  std::size_t answers_counted_ = 0, excluded_ = 0, late_ = 0;
  double loss_ = 0;  // of the last round with an answer
};

}  // namespace

CohortSizes cohort_sizes(const FederatedConfig& config, std::size_t clients) {
  const auto all = static_cast<double>(clients);
  double wanted = all;
  if (config.cohort) wanted = *config.cohort;
  if (config.participation) wanted = std::max(1.0, std::round(*config.participation * all));
  if (wanted > all) {
    throw ScenarioError(
        fmt::format("strategy.cohort: {} clients are more than the {} there are", wanted, clients));
  }
  const double asked = std::min(all, std::ceil(wanted * config.over_selection));
  return {static_cast<std::size_t>(wanted), static_cast<std::size_t>(asked)};
}

template <class Scalar>
Task<> serve_federation(Node& node, const FederatedJob<Scalar>& job) {
  FederationServer<Scalar> server(node, job);
  co_await server.serve();
}
template Task<> serve_federation(Node&, const FederatedJob<float>&);
template Task<> serve_federation(Node&, const FederatedJob<double>&);

}  // namespace understudy
