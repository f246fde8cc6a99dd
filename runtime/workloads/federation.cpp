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
      cohorts_(parts.seed, clients_.size(), sizes_.asked, availability_.get()),
      asleep_(parts.one_process ? clients_.size() : 0) {
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
  job_.sleepers = asleep_;
  job_.observe = [this](Node& server, const FederatedRound<Scalar>& end) {
    return end_round(server, end);
  };
}

template <class Scalar>
Task<> Federation<Scalar>::run(Node& node, int every, Observe observe) {
  const std::size_t client = place_of(job_.clients, node.rank());
  const bool serves = node.rank() == job_.server;
  if (serves) {
    every_ = every;
    observe_ = std::move(observe);
  }
  if (!asleep_.empty()) return serve_federation(node, job_);
  line_ = std::make_unique<FederationLine<Scalar>>(node, job_.clients, job_.server, kept_);
  return serves ? serve_processes(node) : join_processes(node, client);
}

template <class Scalar>
std::string Federation<Scalar>::state(Rank rank) {
  return save_client(job_, place_of(job_.clients, rank), 0);
}
template <class Scalar>
void Federation<Scalar>::restore(Rank rank, const std::string& state) {
  restore_client(job_, place_of(job_.clients, rank), state);
}

template <class Scalar>
Task<> Federation<Scalar>::join_processes(Node& node, std::size_t client) {
  if (algorithm_->personalises()) {
    job_.after_turn = [this](std::size_t c, int round) { line_->tell_kept(round, kept_[c]); };
  }
  co_await join_federation(node, job_, client);
  co_await line_->wait_for_the_end();
}

template <class Scalar>
Task<> Federation<Scalar>::serve_processes(Node& server) {
  co_await serve_federation(server, job_);
  for (PutOff& round : put_off_) {
    kept_ = std::move(round.kept);
    round.end.model = round.model;
    co_await observe_(server, round.end);
  }
  line_->tell_the_end();
}

template <class Scalar>
Task<> Federation<Scalar>::end_round(Node& server, const FederatedRound<Scalar>& end) {
  if (!end.last && end.round % every_ != 0) co_return;
  if (line_ != nullptr && job_.config.depends_on_time()) {
    put_off_.push_back({end, {end.model.begin(), end.model.end()}, kept_});
    put_off_.back().end.time = server.now();
    co_return;
  }
  if (line_ != nullptr && algorithm_->personalises()) co_await line_->wait_for_kept(end.answered);
  co_await observe_(server, end);
}

template <class Scalar>
void Federation<Scalar>::record(Node& server, std::size_t client, const std::string& name,
                                double value, const Position& at) {
  LocalNodes* nodes = server.local_nodes();
  if (nodes != nullptr) return nodes->node(job_.clients[client]).record(name, value, at);
  if (!server.is_lost(job_.clients[client])) line_->record(client, name, value, at);
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

template class Federation<float>;
template class Federation<double>;

}  // namespace understudy
