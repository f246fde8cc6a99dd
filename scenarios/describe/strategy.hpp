// Descriptions of strategies and collectives.
#pragma once

#include <array>

#include "runtime/strategies/strategy_config.hpp"
#include "scenarios/describe/federated.hpp"
#include "scenarios/describe/field.hpp"
#include "scenarios/describe/training.hpp"

namespace understudy {

inline constexpr std::array<Named<CollectiveKind>, 7> kCollectiveNames = {{
    {CollectiveKind::kRing, "ring", "Reduce-scatter and all-gather around a ring."},
    {CollectiveKind::kTree, "tree", "Reduce up a binary tree and broadcast down."},
    {CollectiveKind::kHalvingDoubling, "halving_doubling", "Recursive halving, then doubling."},
    {CollectiveKind::kParameterServer, "parameter_server",
     "One node receives, adds and sends back."},
    {CollectiveKind::kHierarchical, "hierarchical", "Inside each machine, then across machines."},
    {CollectiveKind::kGloo, "gloo", "The library Gloo's own; mode real."},
    {CollectiveKind::kNccl, "nccl",
     "NVIDIA's library NCCL, on a GPU for each rank; mode real, GPU build."},
}};
constexpr std::span<const Named<CollectiveKind>> names(CollectiveKind) { return kCollectiveNames; }

inline constexpr std::array<Named<ServerPlacement>, 2> kServerNames = {{
    {ServerPlacement::kRank0, "rank0", "Rank 0 aggregates and is itself a worker."},
    {ServerPlacement::kDedicated, "dedicated",
     "A node that does nothing else: a star's hub or a cluster's server."},
}};
constexpr std::span<const Named<ServerPlacement>> names(ServerPlacement) { return kServerNames; }

inline constexpr std::array<Named<Reduction>, 2> kReductionNames = {{
    {Reduction::kNative, "native", "The collective's own order of additions."},
    {Reduction::kOrdered, "ordered",
     "A balanced binary tree over ranks: the bits don't depend on the collective."},
}};
constexpr std::span<const Named<Reduction>> names(Reduction) { return kReductionNames; }

inline constexpr std::array<Named<InsideMachine>, 3> kInsideNames = {{
    {InsideMachine::kTree, "tree", "Reduce up a binary tree and broadcast down, over the network."},
    {InsideMachine::kGloo, "gloo", "The library Gloo, past the network; modes real and emulated."},
    {InsideMachine::kNccl, "nccl",
     "NVIDIA's NCCL, past the network, on a GPU for each rank; modes real and emulated, GPU "
     "build."},
}};
constexpr std::span<const Named<InsideMachine>> names(InsideMachine) { return kInsideNames; }

template <class Archive>
void describe(Archive& a, AllreduceConfig& c) {
  a.field("collective", c.collective.kind,
          "The all-reduce; a timing key where the reduction is ordered.");
  a.field("server", c.collective.server, "Who aggregates in a parameter server.");
  a.field("inside", c.collective.inside,
          "hierarchical: what adds between the ranks of one machine, and spreads among them.");
  a.field("reduction", c.collective.reduction, "The order of additions.");
  a.field("bucket", c.bucket, "Gradients travel in groups of whole tensors of about this size.",
          {.above = 0, .timing = true});
  a.field("overlap", c.overlap, "Exchange during backward; false: after it.", {.timing = true});
}

inline constexpr std::array<Named<TransferExchange>, 3> kExchangeNames = {{
    {TransferExchange::kLogits, "logits", "Outputs on the batch, to those that learn from them."},
    {TransferExchange::kCheckpoints, "checkpoints",
     "Parameters, from which those that learn compute the outputs."},
    {TransferExchange::kGradients, "gradients",
     "Every node has all models, and their gradients are averaged."},
}};
constexpr std::span<const Named<TransferExchange>> names(TransferExchange) {
  return kExchangeNames;
}

inline constexpr std::array<Named<Precision>, 4> kPrecisionNames = {{
    {Precision::kFloat32, "float32", "As it is."},
    {Precision::kFloat16, "float16", "Rounded to 16 bits."},
    {Precision::kInt8, "int8", "Rounded at random to 8 bits, in blocks of 256."},
    {Precision::kInt4, "int4", "Rounded at random to 4 bits, in blocks of 256."},
}};
constexpr std::span<const Named<Precision>> names(Precision) { return kPrecisionNames; }

template <class Archive>
void describe(Archive& a, TransferConfig& c) {
  a.field("exchange", c.exchange, "What models on different nodes send each other.");
  a.field("every", c.every,
          "Updates from one exchange to the next. Under logits only every so many-th batch has "
          "transfer losses.",
          {.min = 1, .max = kMostUpdates});
  a.field("precision", c.precision, "What a value of logits and checkpoints is sent as.");
  a.field("collective", c.gradients.collective.kind, "gradients: the all-reduce.");
  a.field("reduction", c.gradients.collective.reduction, "gradients: the order of additions.");
}

inline constexpr std::array<NameDoc, 4> kStrategyKinds = {{
    {"allreduce", "Synchronous data parallelism: gradients are averaged before every update."},
    {"federated", "Rounds around a server, which asks a cohort of clients to train its model."},
    {"gossip", "Every node trains, and averages with its neighbours in the topology."},
    {"transfer",
     "Of the workload knowledge_transfer: models on nodes of their own learn from each other."},
}};
constexpr std::span<const NameDoc> kinds(const StrategyConfig*) { return kStrategyKinds; }

}  // namespace understudy
