#include "sim/network/event_model.hpp"

#include <algorithm>

#include "runtime/base/errors.hpp"

namespace understudy {

EventModel::Slot EventModel::take_slot(std::int64_t parts) {
  Slot slot = 0;
  if (free_.empty()) {
    slot = static_cast<Slot>(records_.size());
    records_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  records_[slot] = {starts_, State::kUnderWay};
  starts_ += static_cast<std::uint64_t>(parts);
  return slot;
}

EventModel::Slot EventModel::take_part(Slot whole) {
  const Slot part = take_slot(0);
  records_[part].sequence = records_[whole].sequence++;
  return part;
}

void EventModel::release(Slot part) {
  records_[part].state = State::kFree;
  free_.push_back(part);
}

void EventModel::end(Slot slot) {
  records_[slot].state = State::kEnded;
  ended_.push_back(slot);
}

void EventModel::cancel(TransferId id, TimePoint now) {
  run_until(now);
  const Slot slot = id.value;
  UNDERSTUDY_CHECK(slot < records_.size() && records_[slot].state != State::kFree);
  if (records_[slot].state == State::kEnded) {
    std::erase(ended_, slot);
  } else {
    agenda_.clear(slot);
    drop(slot);
  }
  records_[slot].state = State::kFree;
  free_.push_back(slot);
}

TimePoint EventModel::next_event() {
  if (!ended_.empty()) return now_;
  if (unsettled_ && agenda_.next() > now_) {
    unsettled_ = false;
    settle();
  }
  return agenda_.next();
}

void EventModel::advance(TimePoint now, std::vector<Completion>& ended) {
  free_.insert(free_.end(), handed_out_.begin(), handed_out_.end());
  handed_out_.clear();
  run_until(now);
  for (const Slot slot : ended_) {
    ended.push_back(completion(slot));
    records_[slot].state = State::kFree;
  }
  handed_out_.swap(ended_);
}

void EventModel::run_until(TimePoint now) {
  UNDERSTUDY_CHECK(now >= now_);
  for (;;) {
    if (unsettled_ && agenda_.next() > now_) {
      if (now_ == now) return;  // more may happen at this instant
      unsettled_ = false;
      settle();
    }
    if (agenda_.next() > now || agenda_.next() == kNever) break;
    now_ = agenda_.next();
    serve_next_instant();
  }
  now_ = now;
}

void EventModel::serve_next_instant() {
  due_.clear();
  agenda_.take_due(due_);
  sort_by_start(due_);
  for (const Slot slot : due_) due(slot);
}

void EventModel::sort_by_start(std::vector<Slot>& slots) const {
  const auto earlier = [this](Slot a, Slot b) {
    return records_[a].sequence < records_[b].sequence;
  };
  if (!std::is_sorted(slots.begin(), slots.end(), earlier))
    std::sort(slots.begin(), slots.end(), earlier);
}

}  // namespace understudy
