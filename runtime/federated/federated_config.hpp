// Federated learning as a scenario states it.
#pragma once

#include <optional>

#include "runtime/base/units.hpp"
#include "runtime/federated/availability_config.hpp"
#include "runtime/training/codec_config.hpp"

namespace understudy {

enum class FederatedKind {
  kFedAvg,
  kFedProx,
  kScaffold,
  kFedAdam,
  kPerFedAvg,
  kPerFedAvgHf,
  kFedPer,
  kFedRep,
  kApfl,
  kDitto,
  kLossWeighted,
  kSuperFedMm,
  kSuperFedLm
};

// What becomes of an answer that comes after its round.
enum class LateAnswers { kDrop, kStale };
// What follows a round in which nobody's answer counts.
enum class EmptyRound { kSkip, kRepeat, kFail };

// When the server aggregates: once a cohort has answered, or whenever so many answers are there, while
// others still train (Nguyen et al., "Federated learning with buffered asynchronous aggregation", 2022).
enum class Aggregation { kRounds, kBuffered };

// The settings of single algorithms, each named with the formula that it stands in in the
// algorithm's file.
struct FederatedSettings {
  double server_lr = 1;        // SCAFFOLD, FedAdam
  double mu = 0.01;            // FedProx, SuperFed
  double nu = 2;               // SuperFed
  double personal_from = 0.4;  // SuperFed: L
  double mixing = 0.5;         // APFL: alpha at first; SuperFed: lambda of the evaluated model
  bool adapt_mixing = false;   // APFL
  double lambda = 0.1;         // Ditto
  double inner_lr = 0.01;      // Per-FedAvg: alpha
  double difference = 1e-2;    // Per-FedAvg HF: how far apart gradients are taken
  int personal_layers = 1;     // FedPer, FedRep
  int head_passes = 1;         // FedRep
  double beta1 = 0.9;          // FedAdam
  double beta2 = 0.99;         // FedAdam
  double tau = 1e-3;           // FedAdam
  double sharpness = 1;        // loss_weighted
};

// Rounds around a server: a cohort of clients trains the server's model, each on its own samples, and
// the server makes a new model of their answers. Metrics per round on the server: train_loss, answers,
// excluded (clients whose loss was no number), late, round_s, and what the workload measures.
struct FederatedConfig {
  FederatedKind algorithm = FederatedKind::kFedAvg;
  int rounds = 10;
  // Clients of a round: so many, or that share of all; all where neither is given.
  std::optional<int> cohort{};
  std::optional<double> participation{};
  // Passes over a client's samples in a round (1 where neither is given), or steps.
  std::optional<int> local_epochs{};
  std::optional<int> local_steps{};
  std::optional<double> lr{};  // of local steps; default: the workload's optimizer's
  FederatedSettings settings{};
  double validation = 0;  // share of each client's samples that it does not train on
  // A round ends when all of the cohort have answered, or at its deadline. With over_selection so many
  // times the cohort is asked, and as many answers as the cohort has end the round.
  std::optional<Duration> deadline{};
  double over_selection = 1;
  LateAnswers late = LateAnswers::kDrop;
  EmptyRound empty_round = EmptyRound::kSkip;
  // With kBuffered the cohort is how many train at a time, and a round ends with so many answers.
  Aggregation aggregation = Aggregation::kRounds;
  std::optional<int> buffer{};
  AvailabilityConfig availability = AlwaysAvailable{};
  CodecConfig upload = NoCodec{};  // of clients' answers

  // Whose answers count depends on when they arrive.
  bool depends_on_time() const {
    return deadline.has_value() || over_selection > 1 || aggregation == Aggregation::kBuffered ||
           follows_the_clock(availability);
  }
};

}  // namespace understudy
