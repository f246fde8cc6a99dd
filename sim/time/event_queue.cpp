#include "sim/time/event_queue.hpp"

#include <algorithm>

#include "runtime/base/errors.hpp"

namespace understudy {

void EventQueue::start(Timer& timer, TimePoint when) {
  UNDERSTUDY_CHECK(timer.slot == Timer::kIdle);
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  timer.slot = free_.back();
  free_.pop_back();
  slots_[timer.slot] = {&timer, ++sequence_};
  heap_.push_back({when, sequence_, timer.slot});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

void EventQueue::cancel(Timer& timer) {
  if (timer.slot != Timer::kIdle) release(timer.slot);
}

void EventQueue::release(std::uint32_t slot) {
  slots_[slot].timer->slot = Timer::kIdle;
  slots_[slot] = {};
  free_.push_back(slot);
}

void EventQueue::drop_top() {
  std::pop_heap(heap_.begin(), heap_.end(), later);
  heap_.pop_back();
}

TimePoint EventQueue::next() {
  while (!heap_.empty() && stale(heap_.front())) drop_top();
  return heap_.empty() ? kNever : heap_.front().when;
}

Timer* EventQueue::pop(TimePoint when) {
  if (next() != when || heap_.empty()) return nullptr;
  Timer* timer = slots_[heap_.front().slot].timer;
  release(heap_.front().slot);
  drop_top();
  return timer;
}

}  // namespace understudy
