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

// Which of the entries from `child` on is least. The order of a full four can't be predicted, so it
// is found without branches.
std::size_t Agenda::least_of_four(std::size_t child) const {
  const auto after = [this](std::size_t a, std::size_t b) { return heap_[b].at < heap_[a].at; };
  if (child + 4 <= heap_.size()) {
    const std::size_t left = child + std::size_t{after(child, child + 1)};
    const std::size_t right = child + 2 + std::size_t{after(child + 2, child + 3)};
    return left + (right - left) * std::size_t{after(left, right)};
  }
  std::size_t least = child;
  for (std::size_t other = child + 1; other < heap_.size(); ++other) {
    if (after(least, other)) least = other;
  }
  return least;
}

void Agenda::sift_down(std::size_t position, const Entry& entry) {
  for (std::size_t child = 4 * position + 1; child < heap_.size(); child = 4 * position + 1) {
    const std::size_t least = least_of_four(child);
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
