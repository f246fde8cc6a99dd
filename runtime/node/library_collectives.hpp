// The seam of collectives that a library brings, Gloo or NCCL: it has sockets of its own, so no network
// of ours is felt.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/task.hpp"
#include "runtime/transport/payload.hpp"

namespace understudy {

enum class LibraryOperation {
  kAllreduce,  // all end with the sum, the same bits on each; in which order it adds is the library's
  kReduce,     // member 0 ends with the sum; what the others hold then is not said
  kBroadcast  // all end with member 0's values
};

struct LibraryCall {
  LibraryOperation operation = LibraryOperation::kAllreduce;
  Values values;
  // Which of all the group's calls it is, where they can be made in more than one order.
  std::optional<std::uint64_t> number{};
};

// Of the group that this node is a member of. All members make the same calls, in the same order: either
// by themselves, or as they are numbered from 0 on, by member 0.
class LibraryCollectives {
 public:
  virtual ~LibraryCollectives() = default;
  // Ends when this member's part is done. Throws TransportError, as when a member is lost.
  virtual Task<> call(LibraryCall call) = 0;
  // Of member 0: the next call's number.
  virtual std::uint64_t next_number() = 0;
};

}  // namespace understudy
