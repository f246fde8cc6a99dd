#include "sim/network/agenda.hpp"

#include <algorithm>

namespace understudy {

void Agenda::sift_up(std::size_t position, const Entry& entry) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / 4;
    if (heap_[parent].at <= entry.at) break;
    put(position, heap_[parent]);
    position = parent;
  }
  put(position, entry);
}

void Agenda::sift_down(std::size_t position, const Entry& entry) {
  const std::size_t size = heap_.size();
  for (std::size_t child = 4 * position + 1; child < size; child = 4 * position + 1) {
    const std::size_t end = std::min(child + 4, size);
    std::size_t least = child;
    for (std::size_t other = child + 1; other < end; ++other) {
      if (heap_[other].at < heap_[least].at) least = other;
    }
    if (entry.at <= heap_[least].at) break;
    put(position, heap_[least]);
    position = least;
  }
  put(position, entry);
}

void Agenda::set(std::uint32_t slot, TimePoint at) {
  if (at == kNever) return clear(slot);
  if (slot >= position_.size()) position_.resize(slot + 1, kNone);
  const std::size_t position = position_[slot];
  if (position == kNone) {
    heap_.push_back({at, slot});
    sift_up(heap_.size() - 1, {at, slot});
  } else if (at < heap_[position].at) {
    sift_up(position, {at, slot});
  } else {
    sift_down(position, {at, slot});
  }
}

void Agenda::clear(std::uint32_t slot) {
  if (slot >= position_.size() || position_[slot] == kNone) return;
  const std::size_t position = position_[slot];
  position_[slot] = kNone;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  if (position > 0 && last.at < heap_[(position - 1) / 4].at) {
    sift_up(position, last);
  } else {
    sift_down(position, last);
  }
}

// Entries at the earliest time stand together at the top of the heap. Peers in lockstep share their
// instants, so often that is the whole heap: then nothing needs to be sifted.
void Agenda::take_due(std::vector<std::uint32_t>& due) {
  if (heap_.empty()) return;
  const TimePoint at = heap_.front().at;
  const bool all =
      std::all_of(heap_.begin(), heap_.end(), [at](const Entry& entry) { return entry.at == at; });
  if (all) {
    for (const Entry& entry : heap_) {
      due.push_back(entry.slot);
      position_[entry.slot] = kNone;
    }
    heap_.clear();
    return;
  }
  do {
    due.push_back(heap_.front().slot);
    clear(heap_.front().slot);
  } while (next() == at);
}

}  // namespace understudy
