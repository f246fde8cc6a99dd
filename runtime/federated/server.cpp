#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/base/log.hpp"
#include "runtime/federated/messages.hpp"
#include "runtime/federated/rounds.hpp"

namespace understudy {
namespace {

// Draws may fail as often as there are rounds before the run gives up.
constexpr int kMostDrawsPerRound = 2;
// Of finding an idle client before all are looked at.
constexpr int kBlindAttempts = 32;

template <class Scalar>
class FederationServer {
 public:
  FederationServer(Node& node, const FederatedJob<Scalar>& job)
      : node_(node),
        job_(job),
        answered_(job.clients.size()),
        at_work_(job.clients.size()),
        given_(job.clients.size()) {}

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
    std::vector<Scalar> initial(job_.data[0].learner->layout().size);
    job_.data[0].learner->initial(node_.shared_random(Purpose::kInit), initial);
    state_ = job_.algorithm->start(initial);
  }

  Task<> one_round() {
    const TimePoint start = node_.now();
    ++round_;
    do {
      if (follows_the_clock(job_.config.availability)) co_await wait_for_somebody();
      co_await collect();
    } while (answers_.empty() && is_to_repeat());
    if (!answers_.empty()) co_await aggregate();
    record(start);
  }

  Task<> collect() {
    answers_.clear();
    excluded_ = late_ = 0;
    return is_buffered() ? fill_buffer() : ask_and_collect();
  }
  bool is_buffered() const { return job_.config.aggregation == Aggregation::kBuffered; }

  // Where clients follow the clock. Who is at work has been there.
  Task<> wait_for_somebody() {
    ClockedAvailability& clients = *job_.availability->by_the_clock();
    while (!(is_buffered() && asked_ > 0) && clients.present(node_.now()).empty()) {
      const auto next = clients.next_arrival(node_.now());
      if (!next) {
        throw RunError(fmt::format("round {} has nobody to ask: no client is there after {} s",
                                   round_, to_seconds(node_.now())));
      }
      co_await node_.sleep_until(*next);
    }
  }

  Task<> ask_and_collect() {
    const std::vector<std::uint32_t>& cohort = job_.cohorts->of(++draw_, node_.now());
    asked_ = cohort.size();
    const TimePoint start = node_.now();
    const TimePoint end = job_.config.deadline ? checked_add(start, *job_.config.deadline) : kNever;
    give(cohort);
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

  // Answers to any round count. Whoever answers leaves its place to another client.
  Task<> fill_buffer() {
    const TimePoint start = node_.now();
    node_.meter().begin(start);
    fill_places();
    while (answers_.size() < job_.wanted && asked_ > 0) {
      auto message = co_await node_.receive(std::nullopt, kToServer);
      if (!message) {
        forget_the_lost();
      } else {
        const std::size_t client = place_of(job_.clients, message->from);
        const std::int32_t before = answered_[client];
        take(*message);
        if (answered_[client] == before) continue;
        leave_place(client);
      }
      if (answers_.size() < job_.wanted) fill_places();
    }
    node_.meter().end(node_.now());
    node_.meter().expose(node_.now() - start);
  }

  void leave_place(std::size_t client) {
    at_work_[client] = 0;
    --asked_;
  }
  void forget_the_lost() {
    for (std::size_t c = 0; c < at_work_.size(); ++c) {
      if (at_work_[c] && node_.is_lost(job_.clients[c])) leave_place(c);
    }
  }

  void fill_places() {
    while (asked_ < job_.cohorts->size()) {
      const auto client = idle_client();
      if (!client) return;
      at_work_[*client] = 1;
      given_[*client] = round_;
      ++asked_;
      give({*client});
    }
  }

  // One that is there, at random, and no client twice for one model: then its round and number name
  // an answer.
  std::optional<std::uint32_t> idle_client() {
    RandomStream random = node_.random(Purpose::kSelection, static_cast<std::uint32_t>(++draw_));
    ClockedAvailability* const clocked =
        job_.availability == nullptr ? nullptr : job_.availability->by_the_clock();
    const auto there =
        clocked == nullptr ? std::span<const std::uint32_t>() : clocked->present(node_.now());
    const std::size_t count = clocked == nullptr ? job_.clients.size() : there.size();
    const auto candidate = [&](std::size_t i) {
      return clocked == nullptr ? static_cast<std::uint32_t>(i) : there[i];
    };
    const auto is_idle = [&](std::uint32_t c) {
      return !at_work_[c] && given_[c] < round_ && !node_.is_lost(job_.clients[c]) &&
             (job_.availability == nullptr || clocked != nullptr ||
              job_.availability->is_there(c, draw_, node_.now()));
    };
    for (int attempt = 0; attempt < kBlindAttempts && count > 0; ++attempt) {
      const std::uint32_t client = candidate(random.below(count));
      if (is_idle(client)) return client;
    }
    std::vector<std::uint32_t> idle;
    for (std::size_t i = 0; i < count; ++i) {
      if (is_idle(candidate(i))) idle.push_back(candidate(i));
    }
    if (idle.empty()) return std::nullopt;
    return idle[random.below(idle.size())];
  }

  void give(const std::vector<std::uint32_t>& cohort) {
    const std::size_t count = job_.algorithm->given_size();
    std::vector<Scalar> values;
    if (!node_.dry()) {
      values.resize(count);
      job_.algorithm->give(state_, values);
    }
    const Payload payload = pack_message<GivenHead, Scalar>(node_.dry(), {round_}, count, values);
    for (const std::uint32_t client : cohort) send_word(client, round_, payload);
    traffic_ += payload.size() * cohort.size();
  }
  void send_word(std::uint32_t client, int round, const Payload& payload) {
    const Rank rank = job_.clients[client];
    node_.send(rank, kToClients, payload);
    if (job_.sleepers.empty()) return;
    Wakefulness& sleeper = job_.sleepers[client];
    sleeper.asked = round;
    if (std::exchange(sleeper.awake, true)) return;
    Node& node = node_.local_nodes()->node(rank);
    node.spawn(answer_federation(node, job_, client));
  }

  // True: it is an answer to this round.
  bool take(Message& message) {
    traffic_ += message.payload.size();
    const auto head = head_of<AnswerHead>(message.payload);
    const std::size_t client = place_of(job_.clients, message.from);
    if (head.round <= answered_[client]) return false;  // the network doubled it
    answered_[client] = head.round;
    const bool in_time = head.round == round_;
    if (!in_time) ++late_;
    if (!has_values<AnswerHead>(message.payload)) {
      spdlog::warn("client {} is left out of round {}: its loss is no number", client, head.round);
      if (in_time) ++excluded_;
      return in_time;
    }
    if (in_time || is_buffered() || job_.config.late == LateAnswers::kStale) {
      answers_.push_back({client, head.round, std::move(message.payload)});
    }
    return in_time;
  }

  bool is_to_repeat() const {
    if (job_.config.empty_round == EmptyRound::kSkip) return false;
    const bool repeats = job_.config.empty_round == EmptyRound::kRepeat;
    if (repeats && draw_ < kMostDrawsPerRound * job_.config.rounds) return true;
    if (node_.dry()) return false;  // it is the run that is to say so
    if (!repeats)
      throw RunError(fmt::format("round {} ended without an answer that counts", round_));
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
      loss_sum += head.train_loss * head.samples;
      samples += head.samples;
    }
    if (samples > 0) loss_ = loss_sum / samples;
    const ComputePlan plan = node_.plan(aggregation_cost(static_cast<double>(answers_.size())));
    co_await node_.compute(plan, [this] {
      std::vector<std::vector<Scalar>> values;
      std::vector<ClientAnswer<Scalar>> answers;
      for (const Answer& a : answers_) {
        const auto head = head_of<AnswerHead>(a.payload);
        values.push_back(decoded(a.payload));
        double discount = 1 / std::sqrt(1.0 + round_ - a.round);
        // A buffer's mean is not one by discounts: stale answers add less to it.
        if (is_buffered()) {
          for (Scalar& value : values.back()) value *= static_cast<Scalar>(discount);
          discount = 1;
        }
        answers.push_back({.values = values.back(),
                           .samples = static_cast<double>(head.samples),
                           .discount = discount,
                           .validation_loss = head.validation_loss});
      }
      job_.algorithm->aggregate(answers, state_);
    });
    answers_counted_ = answers_.size();
    answers_.clear();
  }
  std::vector<Scalar> decoded(const Payload& payload) const {
    std::vector<Scalar> values(job_.algorithm->answer_size());
    job_.codec->decode(payload.bytes().subspan(sizeof(AnswerHead)), values);
    return values;
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
    node_.record("traffic_bytes", count(traffic_), at, MetricKind::kTiming);
    answers_counted_ = 0;
  }

  void say_that_it_is_over() {
    const int after = round_ + 1;
    const Payload over = pack_message<GivenHead, Scalar>(node_.dry(), {after}, 0, {});
    for (std::uint32_t client = 0; client < job_.clients.size(); ++client) {
      // Who sleeps, or has nothing more to read, ends by itself.
      const bool ends =
          !job_.sleepers.empty() && job_.sleepers[client].read >= job_.sleepers[client].asked;
      if (!ends) send_word(client, after, over);
    }
  }

  std::string save() const {
    return StateWriter()
        .add(round_)
        .add(draw_)
        .add(loss_)
        .add(state_.model)
        .add(state_.extra)
        .add(answered_)
        .add(traffic_)
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
    reader.take(traffic_);
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
  std::size_t asked_ = 0;            // clients, that have not answered yet where there is a buffer
  std::vector<char> at_work_;        // with a buffer: on what they were given last
  std::vector<std::int32_t> given_;  // with a buffer: the round that each client was asked in last
  std::vector<Answer> answers_;
  std::size_t answers_counted_ = 0, excluded_ = 0, late_ = 0;
  std::size_t traffic_ = 0;  // bytes to and from all clients so far
  double loss_ = 0;          // of the last round with an answer
};

}  // namespace

CohortSizes cohort_sizes(const FederatedConfig& config, std::size_t clients) {
  const auto all = static_cast<double>(clients);
  const bool buffered = config.aggregation == Aggregation::kBuffered;
  double wanted = all;
  if (config.cohort) wanted = *config.cohort;
  if (config.participation) wanted = std::max(1.0, std::round(*config.participation * all));
  if (wanted > all) {
    throw ScenarioError(
        fmt::format("strategy.cohort: {} clients are more than the {} there are", wanted, clients));
  }
  if (buffered && config.buffer.value_or(1) > all) {
    throw ScenarioError(fmt::format(
        "strategy.buffer: {} answers to one model are more than the {} clients there are",
        *config.buffer, clients));
  }
  if (buffered)
    return {static_cast<std::size_t>(config.buffer.value_or(static_cast<int>(wanted))),
            static_cast<std::size_t>(wanted)};
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
