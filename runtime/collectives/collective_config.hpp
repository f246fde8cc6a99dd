// Which all-reduce, and in which order it adds.
#pragma once

#include <optional>

namespace understudy {

enum class CollectiveKind {
  kRing,
  kTree,
  kHalvingDoubling,
  kParameterServer,
  kHierarchical,
  kGloo,
  kNccl
};
// What adds between the members of one machine, and spreads among them.
enum class InsideMachine { kTree, kGloo, kNccl };
// rank0: rank 0 aggregates and is itself a worker. dedicated: a node that does nothing else.
enum class ServerPlacement { kRank0, kDedicated };
// ordered: the canonical balanced binary tree over ranks, so that bits don't depend on the
// collective.
enum class Reduction { kNative, kOrdered };

struct CollectiveConfig {
  CollectiveKind kind = CollectiveKind::kRing;
  ServerPlacement server = ServerPlacement::kRank0;  // parameter_server only
  Reduction reduction = Reduction::kNative;
  InsideMachine inside = InsideMachine::kTree;  // hierarchical only
};

// One that a library brings, with sockets of its own.
constexpr bool is_of_library(CollectiveKind kind) {
  return kind == CollectiveKind::kGloo || kind == CollectiveKind::kNccl;
}
// The library that the collective, or its part inside a machine, needs; nothing: all is ours.
constexpr std::optional<CollectiveKind> library_of(const CollectiveConfig& config) {
  if (is_of_library(config.kind)) return config.kind;
  if (config.kind != CollectiveKind::kHierarchical || config.inside == InsideMachine::kTree)
    return std::nullopt;
  return config.inside == InsideMachine::kGloo ? CollectiveKind::kGloo : CollectiveKind::kNccl;
}

// That library adds between the ranks of one machine alone.
constexpr bool has_library_inside(const CollectiveConfig& config) {
  return config.kind == CollectiveKind::kHierarchical && library_of(config);
}

}  // namespace understudy
