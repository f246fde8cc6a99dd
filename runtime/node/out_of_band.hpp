// The seam of what nodes that have a process each tell each other beside the network: what the
// testbed's own instruments need, which costs nothing on the scenario's clock. Nodes of one process
// see each other's state instead.
#pragma once

#include <string>

#include "runtime/base/event.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/task.hpp"

namespace understudy {

class OutOfBand {
 public:
  // Called on the node's thread, between its tasks.
  class Listener {
   public:
    virtual void heard(Rank from, const std::string& what) = 0;
    virtual void lost(Rank rank) = 0;  // the run goes on without it

   protected:
    ~Listener() = default;
  };

  virtual ~OutOfBand() = default;
  // What one node tells another is heard in that order, and before its next safe point opens.
  virtual void tell(Rank to, std::string what) = 0;
  // What was told before is heard now.
  virtual void listen(Listener& listener) = 0;
  // No time passes on the scenario's clock meanwhile.
  virtual Task<> wait(Event& event) = 0;
};

}  // namespace understudy
