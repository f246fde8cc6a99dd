// Appointments of transfers, soonest first, at most one for each transfer: a 4-ary heap that knows
// where each transfer's entry stands, so that an appointment can be moved and memory stays bounded
// by what is under way.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "runtime/base/units.hpp"

namespace understudy {

class Agenda {
 public:
  // The earliest appointment; kNever when there is none.
  TimePoint next() const { return heap_.empty() ? kNever : heap_.front().at; }

  // Makes or moves the slot's appointment; kNever clears it.
  void set(std::uint32_t slot, TimePoint at);
  void clear(std::uint32_t slot);

  // Takes out every appointment at next(), appending the slots in no particular order.
  void take_due(std::vector<std::uint32_t>& due);

 private:
  struct Entry {
    TimePoint at;
    std::uint32_t slot;
  };
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  void put(std::size_t position, const Entry& entry) {
    heap_[position] = entry;
    position_[entry.slot] = static_cast<std::uint32_t>(position);
  }
  std::size_t least_of_four(std::size_t child) const;
  void sift_up(std::size_t position, const Entry& entry);
  void sift_down(std::size_t position, const Entry& entry);

  std::vector<Entry> heap_;
  std::vector<std::uint32_t> position_;  // by slot
};

}  // namespace understudy
