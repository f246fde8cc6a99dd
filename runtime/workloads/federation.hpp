// What federated and gossiping workloads have in common.
#pragma once

#include <memory>
#include <vector>

#include "runtime/federated/rounds.hpp"
#include "runtime/workloads/federation_line.hpp"
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
class Federation final : public Sleepers {
 public:
  using Observe = std::function<Task<>(Node&, const FederatedRound<Scalar>&)>;
  // The clients' learners and samples are borrowed. Throws ScenarioError where the algorithm does not
  // fit the model, or no node serves.
  Federation(const FederatedConfig& config, const WorkloadParts& parts, const LocalOptions& local,
             std::vector<ClientData<Scalar>> clients);

  // Where all nodes share a process the clients sleep.
  bool sleeps(Rank rank) const override { return !asleep_.empty() && rank != job_.server; }
  std::string state(Rank rank) override;
  void restore(Rank rank, const std::string& state) override;

  // The part of the node, whichever it is. `observe` runs on the server, every `every` rounds and
  // after the last; where the nodes have a process each and rounds depend on time, at the end for all
  // of these, so that nobody waits.
  Task<> run(Node& node, int every, Observe observe);
  // On the client's node.
  void record(Node& server, std::size_t client, const std::string& name, double value,
              const Position& at);

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
  using Kept = std::vector<std::vector<Scalar>>;  // of each client
  struct PutOff {
    FederatedRound<Scalar> end;
    std::vector<Scalar> model;
    Kept kept;
  };
  Task<> end_round(Node& server, const FederatedRound<Scalar>& end);
  Task<> serve_processes(Node& server);
  Task<> join_processes(Node& node, std::size_t client);

  std::vector<ClientData<Scalar>> clients_;
  Kept kept_;
  std::unique_ptr<FederatedAlgorithm<Scalar>> algorithm_;
  std::unique_ptr<Codec<Scalar>> codec_;
  std::vector<std::vector<Scalar>> residuals_;  // of each client
  std::unique_ptr<Availability> availability_;
  CohortSizes sizes_;
  Cohorts cohorts_;
  FederatedJob<Scalar> job_;
  int every_ = 1;
  Observe observe_;
  std::vector<Wakefulness> asleep_;               // of each client; empty: they have processes
  std::unique_ptr<FederationLine<Scalar>> line_;  // of nodes with a process each
  std::vector<PutOff> put_off_;
};

extern template class Federation<float>;
extern template class Federation<double>;

}  // namespace understudy
