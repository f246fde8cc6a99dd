// Rounds around a server: it asks a cohort of clients, each trains the model that it was given and
// answers, and the server aggregates the answers. What is given, trained and aggregated is the
// algorithm's (algorithm.hpp).
//
// Where nothing depends on time, a client knows from the common draw whether it is asked, and all nodes
// pass a safe point after each round. Otherwise (a deadline, over-selection, a buffer, clients that come
// and go by the clock) a client waits for the server's word instead, works on the newest it has, and
// there are no safe points.
//
// Where all nodes share a process, clients sleep: the server starts a client's task as it asks it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/collectives/communicator.hpp"
#include "runtime/federated/algorithm.hpp"
#include "runtime/federated/cohort.hpp"
#include "runtime/node/node.hpp"
#include "runtime/training/codec.hpp"

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

// Of a client that sleeps.
struct Wakefulness {
  std::int32_t asked = 0,
               read = 0;  // rounds of the last word to it, and of the last that it has read
  bool awake = false;     // its task is there
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
  const Codec<Scalar>* codec = nullptr;      // of answers
  std::span<std::vector<Scalar>> residuals;  // of each client: what its answers have lost so far
  Availability* availability = nullptr;      // nullptr: all clients are always there
  std::span<Wakefulness> sleepers{};         // of each client; empty: they have tasks of their own
  // On a client before it answers, and where it goes on after that round; may be empty.
  std::function<void(std::size_t client, int round)> after_turn{};
  // At the end of every round, on the server.
  std::function<Task<>(Node&, const FederatedRound<Scalar>&)> observe;
};

// Clients that a round wants the answers of, and those that it asks, or with a buffer that train at a
// time. Throws ScenarioError where that
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

// What client number `client`, standing still, needs to go on with round `next`; and that read again,
// with `next` for its result.
template <class Scalar>
std::string save_client(const FederatedJob<Scalar>& job, std::size_t client, int next);
template <class Scalar>
int restore_client(const FederatedJob<Scalar>& job, std::size_t client, const std::string& state);

// A sleeping client's task: it takes the turns that it is asked for, and is over.
template <class Scalar>
Task<> answer_federation(Node& node, const FederatedJob<Scalar>& job, std::size_t client);

extern template std::string save_client(const FederatedJob<float>&, std::size_t, int);
extern template std::string save_client(const FederatedJob<double>&, std::size_t, int);
extern template int restore_client(const FederatedJob<float>&, std::size_t, const std::string&);
extern template int restore_client(const FederatedJob<double>&, std::size_t, const std::string&);
extern template Task<> answer_federation(Node&, const FederatedJob<float>&, std::size_t);
extern template Task<> answer_federation(Node&, const FederatedJob<double>&, std::size_t);
extern template Task<> serve_federation(Node&, const FederatedJob<float>&);
extern template Task<> serve_federation(Node&, const FederatedJob<double>&);
extern template Task<> join_federation(Node&, const FederatedJob<float>&, std::size_t);
extern template Task<> join_federation(Node&, const FederatedJob<double>&, std::size_t);

}  // namespace understudy
