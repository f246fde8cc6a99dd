// The names that the strategies federated and gossip use.
#pragma once

#include <array>

#include "runtime/federated/federated_config.hpp"
#include "runtime/strategies/gossip_config.hpp"
#include "scenarios/describe/field.hpp"

namespace understudy {

inline constexpr std::array<Named<FederatedKind>, 13> kFederatedNames = {{
    {FederatedKind::kFedAvg, "fedavg", "The mean of what clients have trained, by samples."},
    {FederatedKind::kFedProx, "fedprox", "FedAvg with clients held near the server's model."},
    {FederatedKind::kScaffold, "scaffold", "Control variates against the clients' drift."},
    {FederatedKind::kFedAdam, "fedadam", "The mean change is a gradient for Adam on the server."},
    {FederatedKind::kPerFedAvg, "per_fedavg",
     "A model from which one step personalises (MAML), first order."},
    {FederatedKind::kPerFedAvgHf, "per_fedavg_hf",
     "The same with Hessian-vector products from differences of gradients."},
    {FederatedKind::kFedPer, "fedper", "The last layers are each client's own."},
    {FederatedKind::kFedRep, "fedrep", "As fedper, the client's own layers first."},
    {FederatedKind::kApfl, "apfl", "Each client mixes its own model with the server's."},
    {FederatedKind::kDitto, "ditto", "A model of each client's own, held near the server's."},
    {FederatedKind::kLossWeighted, "loss_weighted",
     "Weights adapt to each client's validation loss."},
    {FederatedKind::kSuperFedMm, "superfed_mm",
     "A connected low-loss subspace, mixed for the model as a whole."},
    {FederatedKind::kSuperFedLm, "superfed_lm",
     "A connected low-loss subspace, mixed for each layer."},
}};
constexpr std::span<const Named<FederatedKind>> names(FederatedKind) { return kFederatedNames; }

inline constexpr std::array<Named<LateAnswers>, 2> kLateNames = {{
    {LateAnswers::kDrop, "drop", "They don't count."},
    {LateAnswers::kStale, "stale", "They count in the round in which they come, at a discount."},
}};
constexpr std::span<const Named<LateAnswers>> names(LateAnswers) { return kLateNames; }

inline constexpr std::array<Named<EmptyRound>, 3> kEmptyRoundNames = {{
    {EmptyRound::kSkip, "skip", "The model stays as it is."},
    {EmptyRound::kRepeat, "repeat", "Another cohort is asked."},
    {EmptyRound::kFail, "fail", "The run fails."},
}};
constexpr std::span<const Named<EmptyRound>> names(EmptyRound) { return kEmptyRoundNames; }

inline constexpr std::array<Named<Aggregation>, 2> kAggregationNames = {{
    {Aggregation::kRounds, "rounds", "Once the cohort has answered."},
    {Aggregation::kBuffered, "buffered", "Whenever the buffer is full, while others still train."},
}};
constexpr std::span<const Named<Aggregation>> names(Aggregation) { return kAggregationNames; }

inline constexpr std::array<Named<GossipKind>, 3> kGossipNames = {{
    {GossipKind::kAveraging, "averaging", "Nodes train, then average with their neighbours."},
    {GossipKind::kDPsgd, "d_psgd", "Models travel while nodes train from them."},
    {GossipKind::kConnect, "connect",
     "Averaging along directions that the Hessian's top eigenpairs choose."},
}};
constexpr std::span<const Named<GossipKind>> names(GossipKind) { return kGossipNames; }

inline constexpr std::array<Named<Mixing>, 2> kMixingNames = {{
    {Mixing::kPlain, "plain", "The plain mean over a node and its neighbours."},
    {Mixing::kMetropolis, "metropolis", "Metropolis weights, which keep the mean of all."},
}};
constexpr std::span<const Named<Mixing>> names(Mixing) { return kMixingNames; }

inline constexpr std::array<Named<ConnectVariant>, 4> kVariantNames = {{
    {ConnectVariant::kPublished, "published", "All directions: eigenpairs are found and not used."},
    {ConnectVariant::kLowLoss, "low_loss", "None of the eigenvectors'."},
    {ConnectVariant::kDamped, "damped", "Eigenvectors' the less the larger the eigenvalue."},
    {ConnectVariant::kRandom, "random", "None of as many random ones: the control."},
}};
constexpr std::span<const Named<ConnectVariant>> names(ConnectVariant) { return kVariantNames; }

inline constexpr std::array<NameDoc, 5> kGraphKinds = {{
    {"topology", "Neighbours in the topology."},
    {"ring", "Each with the node before it and the one behind it."},
    {"complete", "All with all."},
    {"edges", "Those that are listed."},
    {"one_peer_exponential",
     "Hearing from one node, 1, 2, 4, ... further, a round each: as many graphs as that takes."},
}};
constexpr std::span<const NameDoc> kinds(const GraphConfig*) { return kGraphKinds; }

inline constexpr std::array<Named<CurvatureKind>, 2> kCurvatureNames = {{
    {CurvatureKind::kLanczos, "lanczos", "The top eigenpairs, by block Lanczos."},
    {CurvatureKind::kHutchinson, "hutchinson", "The diagonal, by Hutchinson's probes."},
}};
constexpr std::span<const Named<CurvatureKind>> names(CurvatureKind) { return kCurvatureNames; }

}  // namespace understudy
