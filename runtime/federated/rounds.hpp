// Rounds around a server: it asks a cohort of clients, each trains the model that it was given and
// answers, and the server aggregates the answers. What is given, trained and aggregated is the
// algorithm's (algorithm.hpp).
//
// Where nothing depends on time, a client knows from the common draw whether it is asked, and all nodes
// pass a safe point after each round. With a deadline or over-selection a client waits for the
// server's word instead, works on the newest it has, and there are no safe points.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/collectives/communicator.hpp"
#include "runtime/federated/algorithm.hpp"
#include "runtime/federated/cohort.hpp"
#include "runtime/node/node.hpp"

namespace understudy {

// What the server knows at the end of a round.
template <class Scalar>
struct FederatedRound {
  int round = 0;                             // from 1
  bool last = false;                         // of the run
  std::span<const Scalar> model;             // the shared values; empty in a dry run
  std::span<const std::int32_t> answered{};  // the last round that each client answered to
  std::optional<TimePoint> time{};           // that it ended, if not now
};

// Borrowed things outlive the run; all nodes of a process share one job.
template <class Scalar>
struct FederatedJob {
  FederatedConfig config;
  const FederatedAlgorithm<Scalar>* algorithm = nullptr;
  SharedList<Rank> clients;  // in order of rank
  Rank server;
  LocalOptions local;
  std::uint64_t seed = 0;
  std::span<const ClientData<Scalar>> data;  // of each client
  Cohorts* cohorts = nullptr;                // of over_selection times the cohort
  std::size_t wanted = 1;                    // answers that end a round
  std::span<std::vector<Scalar>> kept;       // of each client, from turn to turn
  // On a client before it answers, and where it goes on after that round; may be empty.
  std::function<void(std::size_t client, int round)> after_turn{};
  // At the end of every round, on the server.
  std::function<Task<>(Node&, const FederatedRound<Scalar>&)> observe;
};

// Clients that a round wants the answers of, and those that it asks. Throws ScenarioError where that
// is more than there are.
struct CohortSizes {
  std::size_t wanted = 1;
  std::size_t asked = 1;
};
CohortSizes cohort_sizes(const FederatedConfig& config, std::size_t clients);

// The server's part. Throws RunError where a round is empty and that is to fail, or repeats in vain.
template <class Scalar>
Task<> serve_federation(Node& node, const FederatedJob<Scalar>& job);
// The part of client number `client`.
template <class Scalar>
Task<> join_federation(Node& node, const FederatedJob<Scalar>& job, std::size_t client);

extern template Task<> serve_federation(Node&, const FederatedJob<float>&);
extern template Task<> serve_federation(Node&, const FederatedJob<double>&);
extern template Task<> join_federation(Node&, const FederatedJob<float>&, std::size_t);
extern template Task<> join_federation(Node&, const FederatedJob<double>&, std::size_t);

}  // namespace understudy
