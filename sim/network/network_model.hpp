// The network seam: a model turns transfers into arrivals. Pure logic: no sockets, no threads, no
// clock of its own. The same object serves the virtual scheduler and, later, the wall-clock shaper.
//
// Invariants: times passed in never decrease; a transfer that start() accepted ends exactly once,
// by a Completion from advance() or by cancel(); with equal calls come equal completions, in the
// same order.
#pragma once

#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/base/units.hpp"
#include "topologies/topology.hpp"

namespace understudy {

// One message's way through the network.
struct Transfer {
  std::span<const LinkId> route{};  // must outlive the transfer; empty: from a vertex to itself
  Bytes size{0};                    // >= 0
  Duration delay{0};  // on top of the route's latency; less than none cuts it short, down to zero
  double weight = 1;  // > 0: fair_share gives in proportion to it
  double cap_bytes_per_s = std::numeric_limits<double>::infinity();  // > 0: fair_share, ideal
};

struct Completion {
  TransferId id;
  bool delivered = true;  // false: all or a part of it was lost
  Bytes lost{0};          // of its size; a transfer without bytes can be lost too
};

// What has crossed one directed link so far. Packets are counted where something happens to them.
struct LinkStatistics {
  std::int64_t bytes = 0;  // with the overhead of packets, and what was sent again
  std::int64_t messages = 0;
  Duration busy{0};      // time with at least one transfer on the link
  Duration queueing{0};  // summed over transfers: time beyond what an idle link would have taken
  std::int64_t lost_packets = 0;
  std::int64_t corrupted_packets = 0;
  std::int64_t duplicated_packets = 0;
  std::int64_t dropped_packets = 0;  // by a full queue
  Duration down{0};                  // time that it was down

  LinkStatistics& operator+=(const LinkStatistics& other);
};

struct LinkState {
  Bandwidth bandwidth;  // > 0
  Duration latency;     // >= 0; felt by what enters the link from now on
  bool up = true;       // a link that is down stalls what crosses it
  bool operator==(const LinkState&) const = default;
};

class NetworkModel {
 public:
  virtual ~NetworkModel() = default;

  // Starts moving a transfer; without a route it arrives at once, that is from next_event() == now.
  // Ids are small and reused after the end, those that advance() appended not before the next
  // advance().
  virtual TransferId start(const Transfer& transfer, TimePoint now) = 0;

  // Ends a transfer without a Completion. What it has already sent stays counted.
  virtual void cancel(TransferId id, TimePoint now) = 0;

  // Changes a link from now on; transfers under way feel it. With it change bandwidth and `up` of all
  // links of its medium.
  virtual void set_link(LinkId link, const LinkState& state, TimePoint now) = 0;

  // Whether a transfer under way has yet to cross a link of its route. Where all of a route is held
  // at once, it has to the end.
  virtual bool needs(TransferId, LinkId) const { return true; }

  // When advance() has something to do next; kNever when nothing is under way. Never before the
  // last now.
  virtual TimePoint next_event() = 0;

  // Moves to `now` and appends what has ended by then, in order of time, then of start.
  virtual void advance(TimePoint now, std::vector<Completion>& ended) = 0;

  // Per directed link, by LinkId.
  virtual std::span<const LinkStatistics> statistics() const = 0;
};

}  // namespace understudy
