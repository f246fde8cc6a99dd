// The network seam: a model turns transfers into arrivals. Pure logic: no sockets, no threads, no
// clock of its own. The same object serves the virtual scheduler and, later, the wall-clock shaper.
//
// Invariants: times passed in never decrease; a transfer that start() accepted ends exactly once,
// by a Completion from advance() or by cancel(); with equal calls come equal completions, in the
// same order.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/base/units.hpp"
#include "topologies/topology.hpp"

namespace understudy {

struct Completion {
  TransferId id;
  bool delivered = true;  // false: lost
};

// What has crossed one directed link so far.
struct LinkStatistics {
  std::int64_t bytes = 0;
  std::int64_t messages = 0;
  Duration busy{0};      // time with at least one transfer on the link
  Duration queueing{0};  // summed over transfers: time beyond what an idle link would have taken
};

class NetworkModel {
 public:
  virtual ~NetworkModel() = default;

  // Starts moving size bytes along the route (empty: from a vertex to itself, arrives at once, that
  // is from next_event() == now). The span must outlive the transfer. Ids are small and reused
  // after the end, those that advance() appended not before the next advance().
  virtual TransferId start(std::span<const LinkId> route, Bytes size, TimePoint now) = 0;

  // Ends a transfer without a Completion. What it has already sent stays counted.
  virtual void cancel(TransferId id, TimePoint now) = 0;

  // Changes a link from now on; transfers under way feel it. A link that is down stalls what
  // crosses it.
  virtual void set_link(LinkId link, Bandwidth bandwidth, bool up, TimePoint now) = 0;

  // When advance() has something to do next; kNever when nothing is under way. Never before the
  // last now.
  virtual TimePoint next_event() = 0;

  // Moves to `now` and appends what has ended by then, in order of time, then of start.
  virtual void advance(TimePoint now, std::vector<Completion>& ended) = 0;

  // Per directed link, by LinkId.
  virtual std::span<const LinkStatistics> statistics() const = 0;
};

}  // namespace understudy
