// What federated and gossiping workloads have in common.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runtime/federated/rounds.hpp"
#include "runtime/strategies/gossip.hpp"
#include "runtime/workloads/workload.hpp"

namespace understudy {

// How a metric spreads over clients: the worst decile is the mean of the lowest tenth, at least one.
struct Spread {
  double mean = 0;
  double deviation = 0;  // of the population
  double worst_decile = 0;
  // (sum x)^2 / (n sum x^2): 1 where all are equal, 1/n where one has all (Jain, Chiu, Hawe, 1984).
  double fairness = 0;
};
Spread spread_of(std::vector<double> values);

// Local training as the strategy and the workload's optimizer state it.
LocalOptions local_options(const FederatedConfig& config, const OptimizerConfig& optimizer);
LocalOptions local_options(const GossipConfig& config, const OptimizerConfig& optimizer);

// One federation: its algorithm, its cohorts, and what its clients keep.
template <class Scalar>
class Federation {
 public:
  using Observe = std::function<Task<>(Node&, const FederatedRound<Scalar>&)>;
  // The clients' learners and samples are borrowed. Throws ScenarioError where the algorithm does not
  // fit the model, or no node serves.
  Federation(const FederatedConfig& config, const WorkloadParts& parts, const LocalOptions& local,
             std::vector<ClientData<Scalar>> clients);

  // The part of the node, whichever it is. `observe` runs on the server.
  Task<> run(Node& node, Observe observe);

  const FederatedAlgorithm<Scalar>& algorithm() const { return *algorithm_; }
  const FederatedConfig& config() const { return job_.config; }
  // The whole model that a client uses, from the shared one.
  std::vector<Scalar> personal(std::size_t client, std::span<const Scalar> shared) const;
  // The client's own one of the two models that it mixes; empty where it has none yet.
  std::vector<Scalar> mixed_in(std::size_t client) const {
    const auto own = algorithm_->mixed_in(kept_[client]);
    return {own.begin(), own.end()};
  }

 private:
  std::vector<ClientData<Scalar>> clients_;
  std::vector<std::vector<Scalar>> kept_;
  std::unique_ptr<FederatedAlgorithm<Scalar>> algorithm_;
  std::unique_ptr<Codec<Scalar>> codec_;
  std::vector<std::vector<Scalar>> residuals_;  // of each client
  std::unique_ptr<Availability> availability_;
  CohortSizes sizes_;
  Cohorts cohorts_;
  FederatedJob<Scalar> job_;
};

// One network of gossiping nodes. Rounds are looked at once all nodes have ended them.
template <class Scalar>
class GossipNetwork {
 public:
  using Models = std::vector<std::vector<Scalar>>;  // of each node; empty in a dry run
  // `node` is the first one, which records what is seen of a round.
  using Observe = std::function<Task<>(Node& node, int round, const Models&)>;
  GossipNetwork(const GossipConfig& config, const WorkloadParts& parts, const LocalOptions& local,
                std::vector<ClientData<Scalar>> clients);

  // A node that serves has no part. `every`: rounds between observations; the last one counts anyway.
  Task<> run(Node& node, int every, Observe observe);

  const GossipConfig& config() const { return job_.config; }
  void use_eigenpairs(FindEigenpairs<Scalar> find, std::int64_t charged_products) {
    job_.find_eigenpairs = std::move(find);
    job_.charged_products = charged_products;
  }
  const ClientData<Scalar>& client(std::size_t i) const { return clients_[i]; }

 private:
  struct Collected {
    Models models;
    std::size_t count = 0;
  };
  Task<> collect(Node& node, const GossipRound<Scalar>& end);

  std::vector<ClientData<Scalar>> clients_;
  Models models_;
  GossipJob<Scalar> job_;
  Node* first_ = nullptr;
  int every_ = 1;
  Observe observe_;
  std::map<int, Collected> collected_;  // by round
};

extern template class Federation<float>;
extern template class Federation<double>;
extern template class GossipNetwork<float>;
extern template class GossipNetwork<double>;

}  // namespace understudy
