// Which all-reduce, and in which order it adds.
#pragma once

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
// One that a library brings, with sockets of its own: a part of the mode real.
constexpr bool is_of_library(CollectiveKind kind) {
  return kind == CollectiveKind::kGloo || kind == CollectiveKind::kNccl;
}
// rank0: rank 0 aggregates and is itself a worker. dedicated: a node that does nothing else.
enum class ServerPlacement { kRank0, kDedicated };
// ordered: the canonical balanced binary tree over ranks, so that bits don't depend on the
// collective.
enum class Reduction { kNative, kOrdered };

struct CollectiveConfig {
  CollectiveKind kind = CollectiveKind::kRing;
  ServerPlacement server = ServerPlacement::kRank0;  // parameter_server only
  Reduction reduction = Reduction::kNative;
};

}  // namespace understudy
