// The canonical reduction by itself, a part of several collectives.
#pragma once

#include "runtime/base/task.hpp"
#include "runtime/collectives/communicator.hpp"
#include "runtime/node/node.hpp"

namespace understudy {

// Sums all members' values into member 0's, in canonical order. The others' values become partial
// sums. Uses up to 64 steps of tags from base on.
Task<> tree_reduce(Node& node, const Communicator& members, Values values, Tag base);

}  // namespace understudy
