#include "runtime/workloads/federation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

template <class Config>
LocalOptions options_of(const Config& config, const OptimizerConfig& optimizer) {
  LocalOptions local;
  local.sgd = std::get<SgdConfig>(optimizer);
  local.lr = config.lr.value_or(local.sgd.lr);
  local.epochs = config.local_epochs.value_or(1);
  local.steps = config.local_steps;
  return local;
}

// Its place among the members; their number where it is none.
std::size_t place_of(const SharedList<Rank>& members, Rank rank) {
  const auto found = std::lower_bound(members.begin(), members.end(), rank);
  const bool is_member = found != members.end() && *found == rank;
  return is_member ? static_cast<std::size_t>(found - members.begin()) : members.size();
}

Rank server_of(const WorkloadParts& parts) {
  if (parts.members.server) return *parts.members.server;
  throw ScenarioError("topology: the strategy federated needs a node that serves");
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto mean_of_first = [&](std::size_t count) {
    const auto end = values.begin() + static_cast<std::ptrdiff_t>(count);
    return std::accumulate(values.begin(), end, 0.0) / static_cast<double>(count);
  };
  Spread spread;
  spread.mean = mean_of_first(values.size());
  spread.worst_decile = mean_of_first(std::max<std::size_t>(1, values.size() / 10));
  double squares = 0, about_mean = 0;
  for (const double v : values) {
    squares += v * v;
    about_mean += (v - spread.mean) * (v - spread.mean);
  }
  const auto n = static_cast<double>(values.size());
  spread.deviation = std::sqrt(about_mean / n);
  spread.fairness = squares == 0 ? 1 : n * spread.mean * spread.mean / squares;
  return spread;
}

LocalOptions local_options(const FederatedConfig& config, const OptimizerConfig& optimizer) {
  return options_of(config, optimizer);
}
LocalOptions local_options(const GossipConfig& config, const OptimizerConfig& optimizer) {
  return options_of(config, optimizer);
}

template <class Scalar>
Federation<Scalar>::Federation(const FederatedConfig& config, const WorkloadParts& parts,
                               const LocalOptions& local, std::vector<ClientData<Scalar>> clients)
    : clients_(std::move(clients)),
      kept_(clients_.size()),
      algorithm_(make_algorithm<Scalar>(
          config.algorithm,
          {clients_.front().learner->layout(), config.settings, clients_.size(), config.rounds})),
      codec_(make_codec<Scalar>(config.upload)),
      residuals_(clients_.size()),
      availability_(make_availability(config.availability, clients_.size(), parts.seed)),
      sizes_(cohort_sizes(config, clients_.size())),
      cohorts_(parts.seed, clients_.size(), sizes_.asked, availability_.get()) {
  job_.config = config;
  job_.algorithm = algorithm_.get();
  job_.clients = parts.members.members;
  job_.server = server_of(parts);
  job_.local = local;
  job_.local.gradients = parts.gradients;
  job_.seed = parts.seed;
  job_.data = clients_;
  job_.cohorts = &cohorts_;
  job_.wanted = sizes_.wanted;
  job_.kept = kept_;
  job_.codec = codec_.get();
  job_.residuals = residuals_;
  job_.availability = availability_.get();
}

template <class Scalar>
Task<> Federation<Scalar>::run(Node& node, Observe observe) {
  if (node.rank() == job_.server) {
    job_.observe = std::move(observe);
    return serve_federation(node, job_);
  }
  return join_federation(node, job_, place_of(job_.clients, node.rank()));
}

template <class Scalar>
std::vector<Scalar> Federation<Scalar>::personal(std::size_t client,
                                                 std::span<const Scalar> shared) const {
  LocalOptions uncounted = job_.local;
  uncounted.gradients = nullptr;
  LocalWork<Scalar> work(clients_[client], uncounted,
                         {.seed = job_.seed, .node = job_.clients[client].value});
  std::vector<Scalar> out(work.size());
  algorithm_->personal(shared, kept_[client], work, out);
  return out;
}

template <class Scalar>
GossipNetwork<Scalar>::GossipNetwork(const GossipConfig& config, const WorkloadParts& parts,
                                     const LocalOptions& local,
                                     std::vector<ClientData<Scalar>> clients)
    : clients_(std::move(clients)), models_(clients_.size()) {
  job_.config = config;
  job_.nodes = parts.members.members;
  job_.neighbours = parts.neighbours;
  job_.local = local;
  job_.local.gradients = parts.gradients;
  job_.seed = parts.seed;
  job_.data = clients_;
  job_.models = models_;
  job_.observe = [this](Node& node, const GossipRound<Scalar>& end) { return collect(node, end); };
}

template <class Scalar>
Task<> GossipNetwork<Scalar>::run(Node& node, int every, Observe observe) {
  const std::size_t place = place_of(job_.nodes, node.rank());
  if (place == 0) {
    first_ = &node;
    every_ = every;
    observe_ = std::move(observe);
  }
  if (place == job_.nodes.size()) {
    co_await stand_by(node, job_.config);
  } else {
    co_await gossip(node, job_, place);
  }
}

template <class Scalar>
Task<> GossipNetwork<Scalar>::collect(Node& node, const GossipRound<Scalar>& end) {
  if (end.round % every_ != 0 && !end.last) co_return;
  Collected& round = collected_[end.round];
  if (!node.dry()) {
    round.models.resize(job_.nodes.size());
    round.models[end.node].assign(end.model.begin(), end.model.end());
  }
  if (++round.count < job_.nodes.size()) co_return;
  const Models models = std::move(round.models);
  collected_.erase(end.round);
  co_await observe_(*first_, end.round, models);
}

template class Federation<float>;
template class Federation<double>;
template class GossipNetwork<float>;
template class GossipNetwork<double>;

}  // namespace understudy
