#include "sim/network/fair_share.hpp"

#include <algorithm>
#include <functional>

namespace understudy {

void FairShareModel::add_crossing(Slot slot, std::uint32_t link) {
  std::uint32_t index = free_crossing_;
  if (index == kNone) {
    index = static_cast<std::uint32_t>(crossings_.size());
    crossings_.emplace_back();
  } else {
    free_crossing_ = crossings_[index].of_flow;
  }
  const std::uint32_t next = shared_[link].first;
  crossings_[index] = {slot, link, kNone, next, members_[slot].first};
  if (next != kNone) crossings_[next].previous = index;
  shared_[link].first = index;
  members_[slot].first = index;
}

void FairShareModel::joined(Slot slot) {
  if (slot >= members_.size()) members_.resize(slot + 1);
  bool alone = true;
  for (const LinkId id : flow(slot).route) {
    add_crossing(slot, id.value);
    alone = alone && link(id.value).flows == 1;
  }
  if (alone) return set_rate_alone(slot);
  mark(flow(slot).route.front().value);  // the rest of its links are of the same part
}

void FairShareModel::left(Slot slot) {
  std::uint32_t index = members_[slot].first;
  members_[slot].first = kNone;
  while (index != kNone) {
    Crossing& gone = crossings_[index];
    if (gone.previous != kNone) {
      crossings_[gone.previous].next = gone.next;
    } else {
      shared_[gone.link].first = gone.next;
    }
    if (gone.next != kNone) crossings_[gone.next].previous = gone.previous;
    if (shared_[gone.link].first != kNone) mark(gone.link);
    const std::uint32_t next = gone.of_flow;
    gone.of_flow = free_crossing_;
    free_crossing_ = index;
    index = next;
  }
}

void FairShareModel::mark(std::uint32_t link) {
  if (shared_[link].dirty) return;
  shared_[link].dirty = true;
  dirty_.push_back(link);
  settle_later();
}

// Parts that touch no flow are empty and cost nothing.
void FairShareModel::settle() {
  for (const std::uint32_t link : dirty_) {
    if (!shared_[link].dirty) continue;  // solved with another one's part
    collect_link(link);
    collect_part();
    fill();
  }
  dirty_.clear();
}

void FairShareModel::collect_link(std::uint32_t id) {
  SharedLink& collected = shared_[id];
  collected.dirty = false;
  if (collected.collected) return;
  collected.collected = true;
  collected.capacity_left = link(id).capacity();
  collected.unsolved = link(id).flows;
  part_.push_back(id);
}

// Everything that is connected with the links collected so far, by way of flows.
void FairShareModel::collect_part() {
  for (std::size_t i = 0; i < part_.size(); ++i) {
    for (std::uint32_t c = shared_[part_[i]].first; c != kNone; c = crossings_[c].next) {
      Member& member = members_[crossings_[c].flow];
      if (member.collected) continue;
      member.collected = true;
      for (std::uint32_t other = member.first; other != kNone; other = crossings_[other].of_flow) {
        collect_link(crossings_[other].link);
      }
    }
  }
}

// A link's share never falls while others take their flows from it, so a share on the heap is a
// lower bound: one that has grown goes back, one that holds is the least of all.
void FairShareModel::fill() {
  shares_.clear();
  for (const std::uint32_t id : part_) {
    const SharedLink& shared = shared_[id];
    if (shared.unsolved > 0) shares_.push_back({shared.capacity_left / shared.unsolved, id});
  }
  std::make_heap(shares_.begin(), shares_.end(), std::greater<>{});
  while (!shares_.empty()) {
    std::pop_heap(shares_.begin(), shares_.end(), std::greater<>{});
    Share share = shares_.back();
    shares_.pop_back();
    const SharedLink& shared = shared_[share.link];
    if (shared.unsolved == 0) continue;
    const double rate = std::max(0.0, shared.capacity_left / shared.unsolved);
    if (rate > share.rate) {
      shares_.push_back({rate, share.link});
      std::push_heap(shares_.begin(), shares_.end(), std::greater<>{});
    } else {
      fix_rates({rate, share.link});
    }
  }
  for (const std::uint32_t id : part_) shared_[id].collected = false;
  part_.clear();
}

void FairShareModel::fix_rates(const Share& share) {
  for (std::uint32_t c = shared_[share.link].first; c != kNone; c = crossings_[c].next) {
    Member& member = members_[crossings_[c].flow];
    if (!member.collected) continue;
    member.collected = false;
    for (std::uint32_t other = member.first; other != kNone; other = crossings_[other].of_flow) {
      SharedLink& crossed = shared_[crossings_[other].link];
      crossed.capacity_left -= share.rate;
      --crossed.unsolved;
    }
    set_rate(crossings_[c].flow, share.rate, share.link);
  }
}

}  // namespace understudy
