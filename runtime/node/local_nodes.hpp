// The seam of nodes that share a process. One that only ever answers others needs no task of its own
// until it is asked: it sleeps, takes next to no memory, and another node starts its task.
#pragma once

#include <string>

#include "runtime/base/ids.hpp"

namespace understudy {

class Node;

// All nodes of this process.
class LocalNodes {
 public:
  virtual ~LocalNodes() = default;
  // Made when it is first asked for.
  virtual Node& node(Rank rank) = 0;
};

// Who sleeps. Their tasks must have ended, or not begun, at safe points.
class Sleepers {
 public:
  virtual ~Sleepers() = default;
  virtual bool sleeps(Rank rank) const = 0;
  // What it needs to go on from a safe point, and that of a resumed run.
  virtual std::string state(Rank rank) = 0;
  virtual void restore(Rank rank, const std::string& state) = 0;
};

}  // namespace understudy
