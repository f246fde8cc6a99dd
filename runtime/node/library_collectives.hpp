// The seam of collectives that a library brings, Gloo or NCCL: it has sockets of its own, so no network
// of ours is felt.
#pragma once

#include "runtime/base/task.hpp"
#include "runtime/transport/payload.hpp"

namespace understudy {

class LibraryCollectives {
 public:
  virtual ~LibraryCollectives() = default;
  // Ends with the sum over all members, the same bits on each; in which order it adds is the
  // library's. All members call with equally many values, in the same order. Throws TransportError,
  // as when a member is lost.
  virtual Task<> allreduce(Values values) = 0;
};

}  // namespace understudy
