// Which all-reduce, and in which order it adds.
#pragma once

namespace understudy {

enum class CollectiveKind { kRing, kTree, kHalvingDoubling, kParameterServer, kHierarchical };
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
