#include "sim/emulation/receiver_gate.hpp"

#include <utility>

namespace understudy {

namespace {

std::uint64_t first_number_of(Rank sender) { return (std::uint64_t{sender.value} + 1) << 40; }

}  // namespace

ReceiverGate::ReceiverGate(EmulatedClock& clock, FileWatcher& watcher, Rank self,
                           std::function<void(const std::vector<Announcement>&)> announce,
                           std::function<TimePoint()> wall_now)
    : clock_(clock),
      watcher_(watcher),
      announce_(std::move(announce)),
      wall_now_(std::move(wall_now)),
      next_number_(first_number_of(self)) {
  watcher_.poll(*this);
}

ReceiverGate::~ReceiverGate() {
  watcher_.forget(*this);
  for (auto& [number, held] : held_) clock_.cancel(*held);
}

std::uint64_t ReceiverGate::announce(Rank to, Tag, Bytes size) {
  if (!started_) return 0;
  outbox_.push_back({next_number_, to.value, size.count, clock_.now().time_since_epoch().count()});
  return next_number_++;
}

void ReceiverGate::dispatch() {
  if (!outbox_.empty()) announce_(std::exchange(outbox_, {}));
}

void ReceiverGate::hold(std::uint64_t number, std::function<void()> deliver) {
  auto held = std::make_unique<Held>(*this);
  held->number = number;
  held->deliver = std::move(deliver);
  Held& kept = *(held_[number] = std::move(held));
  const auto notice = notices_.find(number);
  if (notice == notices_.end()) return;
  const DeliveryNotice decided = notice->second;
  notices_.erase(notice);
  schedule(kept, decided);
}

void ReceiverGate::decide(const DeliveryNotice& notice) {
  const auto held = held_.find(notice.number);
  if (held == held_.end()) {
    notices_[notice.number] = notice;
  } else {
    schedule(*held->second, notice);
  }
}

void ReceiverGate::lose(Rank sender) {
  const auto is_its = [sender](std::uint64_t number) {
    return number >= first_number_of(sender) && number < first_number_of(Rank{sender.value + 1});
  };
  std::erase_if(notices_, [&](const auto& notice) { return is_its(notice.first); });
  std::erase_if(held_, [&](const auto& held) {
    if (!is_its(held.first)) return false;
    clock_.cancel(*held.second);
    return true;
  });
}

void ReceiverGate::schedule(Held& held, const DeliveryNotice& notice) {
  if (notice.delivered == 0) {
    held_.erase(held.number);
    return;
  }
  held.when = TimePoint(Duration(notice.when));
  clock_.start(held, held.when);
}

void ReceiverGate::release(std::uint64_t number) {
  const auto held = std::move(held_.extract(number).mapped());
  lateness_.add(clock_.at(wall_now_()) - held->when);
  held->deliver();
}

}  // namespace understudy
