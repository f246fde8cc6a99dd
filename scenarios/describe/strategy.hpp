// Descriptions of strategies and collectives.
#pragma once

#include <array>

#include "runtime/strategies/strategy_config.hpp"
#include "scenarios/describe/federated.hpp"
#include "scenarios/describe/field.hpp"

namespace understudy {

inline constexpr std::array<Named<CollectiveKind>, 5> kCollectiveNames = {{
    {CollectiveKind::kRing, "ring", "Reduce-scatter and all-gather around a ring."},
    {CollectiveKind::kTree, "tree", "Reduce up a binary tree and broadcast down."},
    {CollectiveKind::kHalvingDoubling, "halving_doubling", "Recursive halving, then doubling."},
    {CollectiveKind::kParameterServer, "parameter_server",
     "One node receives, adds and sends back."},
    {CollectiveKind::kHierarchical, "hierarchical", "Inside each machine, then across machines."},
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

template <class Archive>
void describe(Archive& a, AllreduceConfig& c) {
  a.field("collective", c.collective.kind,
          "The all-reduce; a timing key where the reduction is ordered.");
  a.field("server", c.collective.server, "Who aggregates in a parameter server.");
  a.field("reduction", c.collective.reduction, "The order of additions.");
  a.field("bucket", c.bucket, "Gradients travel in groups of whole tensors of about this size.",
          {.above = 0, .timing = true});
  a.field("overlap", c.overlap, "Exchange during backward; false: after it.", {.timing = true});
}

inline constexpr std::array<NameDoc, 3> kStrategyKinds = {{
    {"allreduce", "Synchronous data parallelism: gradients are averaged before every update."},
    {"federated", "Rounds around a server, which asks a cohort of clients to train its model."},
    {"gossip", "Every node trains, and averages with its neighbours in the topology."},
}};
constexpr std::span<const NameDoc> kinds(const StrategyConfig*) { return kStrategyKinds; }

}  // namespace understudy
