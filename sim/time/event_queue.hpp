// Timers in order of (time, sequence): the heart of virtual time. Equal times fire in the order in
// which they were started, so a simulation never depends on addresses or on the heap's whim.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base/executor.hpp"

namespace understudy {

// Not thread-safe. O(log n) to start and to fire, O(1) to cancel (the entry is skipped when it
// surfaces).
class EventQueue {
 public:
  void start(Timer& timer, TimePoint when);
  void cancel(Timer& timer);

  // The time of the earliest timer; kNever when there is none.
  TimePoint next();
  // Takes out the earliest timer if its time is `when`; nullptr otherwise.
  Timer* pop(TimePoint when);

 private:
  struct Entry {
    TimePoint when;
    std::uint64_t sequence;
    std::uint32_t slot;
  };
  struct Slot {
    Timer* timer = nullptr;
    std::uint64_t sequence = 0;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
  }
  bool stale(const Entry& e) const { return slots_[e.slot].sequence != e.sequence; }
  void release(std::uint32_t slot);
  void drop_top();

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t sequence_ = 0;
};

}  // namespace understudy
