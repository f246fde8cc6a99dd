#include "runtime/strategies/gossip.hpp"

#include <algorithm>

#include "runtime/federated/arithmetic.hpp"
#include "runtime/federated/descent.hpp"
#include "runtime/federated/messages.hpp"

namespace understudy {
namespace {

constexpr std::uint32_t kModels = 2;  // the stream; its steps are rounds
// Rounds between safe points, at which nodes that are ahead wait for the others.
constexpr int kSafePointEvery = 10;

template <class Scalar>
class Gossiper {
 public:
  Gossiper(Node& node, const GossipJob<Scalar>& job, std::size_t index)
      : node_(node), job_(job), index_(index), model_(job.models[index]) {}

  Task<> run() {
    if (const auto state = node_.restored()) {
      StateReader reader(*state);
      reader.take(round_);
      reader.take(model_);
    } else if (!node_.dry()) {
      model_.resize(job_.data[index_].learner->layout().size);
      job_.data[index_].learner->initial(node_.shared_random(Purpose::kInit), model_);
    }
    const int rounds = job_.config.rounds;
    while (round_ < rounds) {
      ++round_;
      if (is_present(index_)) co_await one_round();
      const GossipRound<Scalar> end{round_, round_ == rounds, index_, model_};
      co_await job_.observe(node_, end);
      const bool due = round_ % kSafePointEvery == 0 && round_ < rounds;
      if (!due || job_.config.depends_on_time()) continue;
      if (job_.catch_up) co_await job_.catch_up(node_, round_);
      co_await node_.safe_point([this] { return StateWriter().add(round_).add(model_).take(); });
    }
  }

 private:
  bool is_present(std::size_t i) const {
    return takes_part(job_.config, job_.seed, job_.nodes[i], round_) &&
           !node_.is_lost(job_.nodes[i]);
  }
  const GossipGraph& graph() const {
    return job_.graphs[static_cast<std::size_t>(round_ - 1) % job_.graphs.size()];
  }
  const std::vector<std::uint32_t>& heard() const { return graph().from[index_]; }
  Tag tag() const { return {kModels, static_cast<std::uint32_t>(round_)}; }

  Task<> one_round() {
    const TimePoint start = node_.now();
    before_ = model_;
    const bool overlaps = job_.config.algorithm == GossipKind::kDPsgd;
    if (overlaps) send();
    co_await train();
    if (job_.config.algorithm == GossipKind::kConnect) co_await find_eigenpairs();
    if (!overlaps) send();
    co_await receive();
    const ComputePlan plan = node_.plan(mixing_cost());
    co_await node_.compute(plan, [this] { take_mean(); });
    if (job_.config.algorithm == GossipKind::kConnect) record_curvature_share(start);
    arrived_.clear();
    before_ = {};
    pairs_ = {};
    co_await forget_the_late();
  }

  Task<> train() {
    const StreamKey stream{
        .seed = job_.seed, .node = node_.rank().value, .round = static_cast<std::uint32_t>(round_)};
    LocalWork<Scalar> work(job_.data[index_], job_.local, stream);
    const ComputePlan plan = plan_of(node_, work.costs({}));
    co_await node_.compute(plan, [this, &work] { model_ = descend<Scalar>(model_, work); });
    node_.record("train_loss", work.mean_loss(), {.step = round_, .round = round_});
  }

  void record_curvature_share(TimePoint start) {
    const double round_s = to_seconds(node_.now() - start);
    const double share = round_s > 0 ? to_seconds(curvature_time_) / round_s : 0;
    node_.record("curvature_share", share, {.step = round_, .round = round_}, MetricKind::kTiming);
  }

  // A Hessian-vector product costs about two gradients (Pearlmutter, 1994).
  Task<> find_eigenpairs() {
    const std::size_t samples = std::min(job_.data[index_].training.size(),
                                         static_cast<std::size_t>(job_.config.hessian_samples));
    const Cost gradient = job_.data[index_].learner->cost(samples);
    const auto products = static_cast<std::size_t>(job_.charged_products);
    const std::vector<RepeatedCost> costs{{gradient, 2 * products}};
    const ComputePlan plan = plan_of(node_, costs);
    const RandomStream random = node_.random(Purpose::kMixing, static_cast<std::uint32_t>(round_));
    const TimePoint start = node_.now();
    co_await node_.compute(plan, [this, random] {
      pairs_ = job_.config.variant == ConnectVariant::kRandom
                   ? random_directions<Scalar>(model_.size(), job_.config.eigenpairs, random)
                   : job_.find_eigenpairs(index_, model_, job_.config.eigenpairs, random);
    });
    curvature_time_ = node_.now() - start;
    node_.record("hessian_products", static_cast<double>(pairs_.products),
                 {.step = round_, .round = round_});
  }

  void send() {
    const std::size_t count = job_.data[index_].learner->layout().size;
    const Payload payload = pack_message<GivenHead, Scalar>(node_.dry(), {round_}, count, model_);
    for (const std::uint32_t j : graph().to[index_]) {
      if (is_present(j)) node_.send(job_.nodes[j], tag(), payload);
    }
  }

  Task<> receive() {
    const TimePoint start = node_.now();
    const TimePoint end = job_.config.deadline ? checked_add(start, *job_.config.deadline) : kNever;
    node_.meter().begin(start);
    for (const std::uint32_t j : heard()) {
      arrived_.emplace_back();
      if (!is_present(j)) continue;
      auto message = co_await node_.receive(job_.nodes[j], tag(), end);
      if (message) {
        arrived_.back() = std::move(message->payload);
      } else {
        late_.push_back({job_.nodes[j], tag()});
      }
    }
    node_.meter().end(node_.now());
    node_.meter().expose(node_.now() - start);
  }

  // Models that missed their round, so that they don't pile up.
  Task<> forget_the_late() {
    std::vector<Late> still;
    for (const Late& late : std::exchange(late_, {})) {
      auto message = co_await node_.receive(late.from, late.tag, node_.now());
      if (!message && !node_.is_lost(late.from)) still.push_back(late);
    }
    late_ = std::move(still);
  }

  struct Part {
    std::uint32_t node;
    std::vector<Scalar> model;
    double weight;
  };
  // Of what has arrived, in order of the nodes, which is the same at each: those of a complete graph
  // end with the same bits. The weight of what has not arrived is the node's own.
  std::vector<Part> parts() const {
    const auto& neighbours = heard();
    const MixingWeights weights = mixing_weights(job_.config.mixing, index_, graph().from,
                                                 [this](std::uint32_t j) { return is_present(j); });
    const bool from_before = job_.config.algorithm == GossipKind::kDPsgd;
    std::vector<Part> parts{
        {static_cast<std::uint32_t>(index_), from_before ? before_ : model_, weights.own}};
    for (std::size_t n = 0; n < neighbours.size(); ++n) {
      if (arrived_[n].size() > 0) {
        parts.push_back(
            {neighbours[n], values_of<GivenHead, Scalar>(arrived_[n]), weights.of_neighbours[n]});
      } else {
        parts.front().weight += weights.of_neighbours[n];
      }
    }
    std::sort(parts.begin(), parts.end(),
              [](const Part& a, const Part& b) { return a.node < b.node; });
    return parts;
  }

  void take_mean() {
    std::vector<double> sums(model_.size());
    for (const Part& part : parts()) {
      for (std::size_t i = 0; i < sums.size(); ++i)
        sums[i] += part.weight * static_cast<double>(part.model[i]);
    }
    std::vector<Scalar> mean(sums.begin(), sums.end());
    if (job_.config.algorithm == GossipKind::kDPsgd) {
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += model_[i] - before_[i];
    }
    if (job_.config.algorithm != GossipKind::kConnect) {
      model_ = std::move(mean);
      return;
    }
    subtract<Scalar>(mean, model_, mean);
    restrict_direction<Scalar>(job_.config.variant, pairs_, job_.config.damping, mean);
    add_scaled<Scalar>(model_, 1, mean);
  }

  Cost mixing_cost() const {
    const double models = static_cast<double>(heard().size()) + 1;
    const double values = static_cast<double>(job_.data[index_].learner->layout().size);
    KernelCost kernel;
    kernel.phase = Phase::kReduce;
    kernel.flops = 2 * models * values;
    kernel.bytes = (models + 1) * values * sizeof(Scalar);
    return {kernel};
  }

  struct Late {
    Rank from;
    Tag tag;
  };
  Node& node_;
  const GossipJob<Scalar>& job_;
  std::size_t index_;
  std::vector<Scalar>& model_;
  int round_ = 0;
  std::vector<Scalar> before_{};    // training
  std::vector<Payload> arrived_{};  // from each that it hears from; empty: nothing came
  std::vector<Late> late_{};
  Eigenpairs<Scalar> pairs_{};
  Duration curvature_time_{0};  // of the round
};

}  // namespace

bool takes_part(const GossipConfig& config, std::uint64_t seed, Rank rank, int round) {
  if (config.availability >= 1) return true;
  RandomStream random({.seed = seed,
                       .node = rank.value,
                       .purpose = Purpose::kAvailability,
                       .round = static_cast<std::uint32_t>(round)});
  return random.uniform() < config.availability;
}

MixingWeights mixing_weights(Mixing mixing, std::size_t i, const NeighbourLists& neighbours,
                             const std::function<bool(std::uint32_t)>& present) {
  const auto degree = [&](std::size_t node) {
    return static_cast<double>(
        std::count_if(neighbours[node].begin(), neighbours[node].end(), present));
  };
  const double own_degree = degree(i);
  MixingWeights weights;
  for (const std::uint32_t j : neighbours[i]) {
    const bool metropolis = mixing == Mixing::kMetropolis;
    const double larger = metropolis ? std::max(own_degree, degree(j)) : own_degree;
    weights.of_neighbours.push_back(present(j) ? 1 / (1 + larger) : 0);
    weights.own -= weights.of_neighbours.back();
  }
  if (mixing == Mixing::kPlain) weights.own = 1 / (1 + own_degree);
  return weights;
}

template <class Scalar>
Task<> gossip(Node& node, const GossipJob<Scalar>& job, std::size_t index) {
  Gossiper<Scalar> gossiper(node, job, index);
  co_await gossiper.run();
}

Task<> stand_by(Node& node, const GossipConfig& config) {
  int round = 0;
  if (const auto state = node.restored()) StateReader(*state).take(round);
  for (++round; round < config.rounds && !config.depends_on_time(); ++round) {
    if (round % kSafePointEvery != 0) continue;
    co_await node.safe_point([round] { return StateWriter().add(round).take(); });
  }
}

template Task<> gossip(Node&, const GossipJob<float>&, std::size_t);
template Task<> gossip(Node&, const GossipJob<double>&, std::size_t);

}  // namespace understudy
