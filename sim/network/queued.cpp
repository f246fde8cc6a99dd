#include "sim/network/queued.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

TimePoint departure_after(TimePoint begin, double bytes, double bytes_per_s) {
  return bytes_per_s > 0 ? after(begin, bytes / bytes_per_s) : kNever;
}

}  // namespace

QueuedModel::QueuedModel(const Topology& topology) : statistics_(topology.links().size()) {
  for (const Link& link : topology.links()) {
    queues_.push_back({.bytes_per_s = link.bandwidth.bytes_per_s(), .latency = link.latency});
  }
}

TransferId QueuedModel::start(const Transfer& transfer, TimePoint now) {
  UNDERSTUDY_CHECK(transfer.size.count >= 0);
  run_until(now);
  const Slot slot = take_slot();
  if (slot == messages_.size()) messages_.emplace_back();
  Message& message = messages_[slot];
  message.route = transfer.route;
  message.size = static_cast<double>(transfer.size.count);
  message.hop = 0;
  if (transfer.route.empty()) {
    agenda().set(slot, now);
  } else {
    enter(slot);
  }
  return TransferId{slot};
}

void QueuedModel::enter(Slot slot) {
  Message& message = messages_[slot];
  Queue& queue = queues_[message.route[message.hop].index()];
  message.arrival = now();
  message.left = message.size;
  message.begin = message.first_begin = std::max(now(), queue.free_at);
  message.departure = departure_after(message.begin, message.left, queue.capacity());
  queue.free_at = message.departure;
  message.previous = queue.last;
  message.next = kNone;
  (queue.last == kNone ? queue.first : messages_[queue.last].next) = slot;
  queue.last = slot;
  schedule(slot, queue);
}

// The appointment is the arrival at the far end.
void QueuedModel::schedule(Slot slot, const Queue& queue) {
  const TimePoint departure = messages_[slot].departure;
  agenda().set(slot, departure == kNever ? kNever : checked_add(departure, queue.latency));
}

void QueuedModel::due(Slot slot) {
  Message& message = messages_[slot];
  if (!message.route.empty()) {
    count_sent(message);
    leave(slot);
    ++message.hop;
  }
  if (message.hop == message.route.size()) {
    end(slot);
  } else {
    enter(slot);
  }
}

void QueuedModel::leave(Slot slot) {
  const Message& message = messages_[slot];
  Queue& queue = queues_[message.route[message.hop].index()];
  (message.previous == kNone ? queue.first : messages_[message.previous].next) = message.next;
  (message.next == kNone ? queue.last : messages_[message.next].previous) = message.previous;
}

void QueuedModel::count_sent(const Message& message) {
  const std::size_t link = message.route[message.hop].index();
  LinkStatistics& statistics = statistics_[link];
  statistics.bytes += static_cast<std::int64_t>(message.size);
  ++statistics.messages;
  statistics.busy += message.departure - message.first_begin;
  const TimePoint idle_departure =
      departure_after(message.arrival, message.size, queues_[link].bytes_per_s);
  statistics.queueing += std::max(Duration::zero(), message.departure - idle_departure);
}

// Brings what is left to send up to now; departures must be set again by resume().
void QueuedModel::hold(Queue& queue) {
  for (Slot slot = queue.first; slot != kNone; slot = messages_[slot].next) {
    Message& message = messages_[slot];
    if (message.departure <= now() || message.begin >= now()) continue;
    message.left =
        std::max(0.0, message.left - queue.capacity() * to_seconds(now() - message.begin));
    message.begin = now();
  }
}

void QueuedModel::resume(Queue& queue) {
  queue.free_at = now();
  for (Slot slot = queue.first; slot != kNone; slot = messages_[slot].next) {
    Message& message = messages_[slot];
    if (message.departure <= now()) continue;  // it is on its way
    const bool begun = message.first_begin < now();
    message.begin = queue.free_at;
    if (!begun) message.first_begin = message.begin;
    message.departure = departure_after(message.begin, message.left, queue.capacity());
    queue.free_at = message.departure;
    schedule(slot, queue);
  }
}

void QueuedModel::set_link(LinkId link, const LinkState& state, TimePoint now) {
  UNDERSTUDY_CHECK(state.bandwidth.bits_per_s > 0 && std::isfinite(state.bandwidth.bits_per_s));
  run_until(now);
  Queue& queue = queues_.at(link.index());
  hold(queue);
  queue.bytes_per_s = state.bandwidth.bytes_per_s();
  queue.latency = state.latency;
  queue.up = state.up;
  resume(queue);
}

bool QueuedModel::needs(TransferId id, LinkId link) const {
  const Message& message = messages_.at(id.index());
  const auto ahead =
      message.route.subspan(std::min<std::size_t>(message.hop, message.route.size()));
  const auto found = std::find(ahead.begin(), ahead.end(), link);
  return found != ahead.end() && (found != ahead.begin() || message.departure > now());
}

void QueuedModel::drop(Slot slot) {
  const Message& message = messages_[slot];
  if (message.route.empty()) return;
  if (message.departure <= now()) {  // on its way: nobody waits for it
    count_sent(message);
    return leave(slot);
  }
  const std::size_t link = message.route[message.hop].index();
  Queue& queue = queues_[link];
  hold(queue);
  LinkStatistics& statistics = statistics_[link];
  statistics.bytes += static_cast<std::int64_t>(std::floor(message.size - message.left));
  if (message.first_begin < now()) statistics.busy += now() - message.first_begin;
  const double sending_s = (message.size - message.left) / queue.bytes_per_s;
  statistics.queueing += std::max(Duration::zero(), now() - after(message.arrival, sending_s));
  leave(slot);
  resume(queue);
}

}  // namespace understudy
