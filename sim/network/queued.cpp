#include "sim/network/queued.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "runtime/base/errors.hpp"
#include "sim/network/packets.hpp"
#include "sim/network/patterns.hpp"

namespace understudy {
namespace {

struct Rounded {
  TimePoint at;
  double rest_ps;
};

Rounded after_ps(TimePoint t, double ps) {
  if (t == kNever || !(ps + 0.5 < static_cast<double>((kNever - t).count()))) return {kNever, 0};
  const auto whole = static_cast<std::int64_t>(ps + 0.5);
  return {t + Duration{whole}, ps - static_cast<double>(whole)};
}

}  // namespace

QueuedModel::QueuedModel(const Topology& topology, const QueuedConfig& config)
    : packet_(config.conditions.packet), statistics_(topology.links().size()) {
  std::map<MediumId, std::uint32_t> shared;
  for (const Link& link : topology.links()) {
    auto queue = static_cast<std::uint32_t>(queues_.size());
    if (link.medium) queue = shared.emplace(*link.medium, queue).first->second;
    if (queue == queues_.size()) queues_.push_back({.bytes_per_s = link.bandwidth.bytes_per_s()});
    ports_.push_back({.queue = queue, .latency = link.latency});
  }
  add_buckets(topology, config.token_buckets);
  add_limits(topology, config.limits);
}

void QueuedModel::add_buckets(const Topology& topology,
                              const std::vector<TokenBucketConfig>& configs) {
  if (!configs.empty()) buckets_.resize(ports_.size());
  for (const TokenBucketConfig& config : configs) {
    const double burst = static_cast<double>(config.burst.count);
    const double peak = config.peak ? config.peak->bytes_per_s() : HUGE_VAL;
    for (const LinkId link : links_like(topology, config.links)) {
      ports_[link.index()].has_bucket = true;
      buckets_[link.index()] = {{config.rate.bytes_per_s(), burst, peak}, {burst, kStart}};
    }
  }
}

void QueuedModel::add_limits(const Topology& topology,
                             const std::vector<QueueLimitConfig>& configs) {
  if (!configs.empty()) buffers_.resize(ports_.size());
  for (const QueueLimitConfig& config : configs) {
    for (const LinkId link : links_like(topology, config.links)) {
      Buffer buffer;
      if (config.bytes) buffer.max_bytes = config.bytes->count;
      if (config.packets) buffer.max_packets = *config.packets;
      buffers_[link.index()] = buffer;
      queues_[ports_[link.index()].queue].is_limited = true;
    }
  }
}

TransferId QueuedModel::start(const Transfer& transfer, TimePoint now) {
  UNDERSTUDY_CHECK(transfer.size.count >= 0);
  run_until(now);
  const std::int64_t wire = wire_size(packet_, transfer.size).count;
  // Over a single link nobody sees the packets.
  const std::int64_t packets = transfer.route.size() > 1 ? packet_count(packet_, transfer.size) : 1;
  const std::int64_t before_last = (packets - 1) * (packet_.payload.count + packet_.overhead.count);
  const Slot slot = take_slot(packets);
  if (slot >= messages_.size()) messages_.resize(slot + 1);
  messages_[slot] = {.route = transfer.route,
                     .delay = transfer.delay,
                     .last_size = static_cast<double>(wire - before_last),
                     .waiting = packets - 1,
                     .under_way = packets};
  set_up(slot, {.message = slot, .size = static_cast<double>(wire)});
  if (transfer.route.empty()) {
    agenda().set(slot, now);
  } else {
    enter(slot);
  }
  return TransferId{slot};
}

Completion QueuedModel::completion(Slot slot) const {
  return {TransferId{slot}, messages_[slot].delivered, Bytes{messages_[slot].lost}};
}

void QueuedModel::set_up(Slot slot, const Entry& entry) {
  if (slot >= entries_.size()) {
    entries_.resize(slot + 1);
    if (!buckets_.empty()) before_.resize(slot + 1);
  }
  entries_[slot] = entry;
}

void QueuedModel::due(Slot slot) {
  const Slot message = entries_[slot].message;
  if (messages_[message].route.empty()) {
    end(slot);
  } else if (is_train(slot)) {
    emit(slot);
  } else {
    cross(slot);
  }
}

// The train's next packet has reached the far end of the first link.
void QueuedModel::emit(Slot train) {
  const Slot packet = detach_packet(train);
  entries_[packet].hop = 1;
  agenda().set(train, far_end(train, next_departure(train)));
  enter(packet);
}

QueuedModel::Slot QueuedModel::detach_packet(Slot train) {
  const Slot packet = take_part(train);
  const double size = static_cast<double>(packet_.payload.count + packet_.overhead.count);
  set_up(packet, {.message = train, .size = size});
  --messages_[train].waiting;
  return packet;
}

void QueuedModel::cross(Slot slot) {
  Entry& entry = entries_[slot];
  const Message& message = messages_[entry.message];
  count_sent(slot);
  leave(slot);
  if (slot == entry.message) entry.size = message.last_size;
  if (++entry.hop == message.route.size()) {
    finish(slot);
  } else {
    enter(slot);
  }
}

void QueuedModel::enter(Slot slot) {
  Queue& queue = queue_of(slot);
  if (queue.is_limited && !admit(slot)) return lose(slot);
  Entry& entry = entries_[slot];
  entry.arrival = now();
  entry.left = entry.size;
  entry.first_begin = kNever;
  entry.pinned = 0;
  insert_before(kNone, slot, queue);
  place(slot, queue);
}

// A packet has arrived, or was lost.
void QueuedModel::finish(Slot slot) {
  const Slot message = entries_[slot].message;
  if (slot != message) release(slot);
  if (--messages_[message].under_way == 0) end(message);
}

void QueuedModel::lose(Slot slot) {
  const Entry& entry = entries_[slot];
  Message& message = messages_[entry.message];
  ++statistics_[link_of(slot)].dropped_packets;
  message.lost += static_cast<std::int64_t>(entry.size) - packet_.overhead.count;
  message.delivered = false;
  finish(slot);
}

// A train counts what it has detached.
void QueuedModel::count_sent(Slot slot) {
  const Entry& entry = entries_[slot];
  if (entry.hop == 0 && slot != entry.message) return;
  LinkStatistics& statistics = statistics_[link_of(slot)];
  statistics.bytes += static_cast<std::int64_t>(entry.size);
  statistics.messages += slot == entry.message ? 1 : 0;
  statistics.busy += entry.departure - entry.first_begin;
  const TimePoint idle_departure = after(entry.arrival, entry.size / queue_of(slot).bytes_per_s);
  statistics.queueing += std::max(Duration::zero(), entry.departure - idle_departure);
}

void QueuedModel::count_cancelled(Slot slot) {
  const Entry& entry = entries_[slot];
  LinkStatistics& statistics = statistics_[link_of(slot)];
  const double sent = entry.size - entry.left;
  statistics.bytes += static_cast<std::int64_t>(std::floor(sent));
  if (entry.first_begin < now()) statistics.busy += now() - entry.first_begin;
  const TimePoint idle = after(entry.arrival, sent / queue_of(slot).bytes_per_s);
  statistics.queueing += std::max(Duration::zero(), now() - idle);
}

void QueuedModel::insert_before(Slot next, Slot slot, Queue& queue) {
  Entry& entry = entries_[slot];
  entry.next = next;
  entry.previous = next == kNone ? queue.last : entries_[next].previous;
  (entry.previous == kNone ? queue.first : entries_[entry.previous].next) = slot;
  (next == kNone ? queue.last : entries_[next].previous) = slot;
  if (queue.unsent == kNone && next == kNone) queue.unsent = slot;
}

void QueuedModel::leave(Slot slot) {
  const Entry& entry = entries_[slot];
  Queue& queue = queue_of(slot);
  if (queue.is_limited) {
    drain(queue);
    if (entry.departure > now()) discharge(slot);
  }
  if (queue.unsent == slot) queue.unsent = entry.next;
  (entry.previous == kNone ? queue.first : entries_[entry.previous].next) = entry.next;
  (entry.next == kNone ? queue.last : entries_[entry.next].previous) = entry.previous;
  if (queue.head != slot) return;
  queue.head = entry.next;
  while (queue.head != kNone && entries_[queue.head].pinned) {
    queue.head = entries_[queue.head].next;
  }
  if (queue.head != kNone) {
    agenda().set(queue.head, far_end(queue.head, next_departure(queue.head)));
  }
}

// Gives the last entry, or that which follows on the last one placed, its time.
void QueuedModel::place(Slot slot, Queue& queue) {
  Entry& entry = entries_[slot];
  const std::uint32_t link = link_of(slot);
  entry.begin = std::max(now(), queue.free_at);
  if (entry.first_begin >= now()) entry.first_begin = entry.begin;
  const double rest_ps = entry.begin == queue.free_at ? queue.rest_ps : 0;
  if (ports_[link].has_bucket) before_[slot] = buckets_[link].tokens;
  const double ps = sending_ps(slot, entry.left);
  const Rounded departure = after_ps(entry.begin, rest_ps + ps);
  entry.departure = queue.free_at = departure.at;
  queue.rest_ps = departure.rest_ps;
  if (ports_[link].has_bucket) {
    const TokenBucket& spec = buckets_[link].spec;
    const double level = before_[slot].level_at(entry.begin, spec);
    buckets_[link].tokens = {remaining(spec, level, ps * 1e-12, entry.left), departure.at};
  }
  schedule(slot, queue);
}

void QueuedModel::schedule(Slot slot, Queue& queue) {
  Entry& entry = entries_[slot];
  const Message& message = messages_[entry.message];
  const TimePoint end = far_end(slot, next_departure(slot));
  const bool is_delayed =
      message.delay != Duration::zero() && entry.hop + 1u == message.route.size();
  if (is_delayed || end <= queue.latest) {
    entry.pinned = 1;
    agenda().set(slot, end);
    return;
  }
  queue.latest = far_end(slot, entry.departure);
  if (queue.head != kNone) return;
  queue.head = slot;
  agenda().set(slot, end);
}

double QueuedModel::sending_ps(Slot slot, double bytes) const {
  const std::uint32_t link = link_of(slot);
  const Queue& queue = queues_[ports_[link].queue];
  if (!queue.up) return HUGE_VAL;
  if (!ports_[link].has_bucket) return bytes / queue.bytes_per_s * 1e12;
  const TokenBucket& spec = buckets_[link].spec;
  const double level = before_[slot].level_at(entries_[slot].begin, spec);
  return sending_s(spec, level, queue.bytes_per_s, bytes) * 1e12;
}

// Of a train's next packet, of anything else itself.
TimePoint QueuedModel::next_departure(Slot slot) const {
  const Entry& entry = entries_[slot];
  if (!is_train(slot)) return entry.departure;
  const Message& message = messages_[slot];
  const auto others = (message.waiting - 1) * (packet_.payload.count + packet_.overhead.count);
  const double bytes = entry.left - message.last_size - static_cast<double>(others);
  const TimePoint departure = after_ps(entry.begin, sending_ps(slot, std::max(0.0, bytes))).at;
  return std::min(departure, entry.departure);
}

TimePoint QueuedModel::far_end(Slot slot, TimePoint departure) const {
  if (departure == kNever) return kNever;
  const Entry& entry = entries_[slot];
  const Message& message = messages_[entry.message];
  const TimePoint end = checked_add(departure, ports_[link_of(slot)].latency);
  if (message.delay == Duration::zero() || entry.hop + 1u < message.route.size()) return end;
  return std::max(departure, checked_add(end, message.delay));
}

// Makes everything that has left independent of the queue, and brings what is left to send, and
// tokens, up to now. Departures must be set again by resume().
void QueuedModel::hold(Queue& queue) {
  Slot sending = queue.first;
  for (; sending != kNone && entries_[sending].departure <= now();
       sending = entries_[sending].next) {
    split(sending, queue);
    entries_[sending].pinned = 1;
    agenda().set(sending, far_end(sending, entries_[sending].departure));
  }
  queue.head = kNone;
  if (sending == kNone) return;
  split(sending, queue);
  if (!buckets_.empty()) {
    for (Slot slot = queue.last; slot != entries_[sending].previous; slot = entries_[slot].previous)
      buckets_[link_of(slot)].tokens = before_[slot];
  }
  if (entries_[sending].begin < now()) interrupt(sending);
}

// Detaches the packets of a train that are on their way to the far end.
void QueuedModel::split(Slot train, Queue& queue) {
  while (is_train(train) && next_departure(train) <= now()) {
    const TimePoint departure = next_departure(train);
    const Slot packet = detach_packet(train);
    entries_[packet].departure = departure;
    entries_[packet].pinned = 1;
    insert_before(train, packet, queue);
    agenda().set(packet, far_end(packet, departure));
  }
}

void QueuedModel::interrupt(Slot slot) {
  Entry& entry = entries_[slot];
  const std::uint32_t link = link_of(slot);
  const Queue& queue = queue_of(slot);
  const double elapsed_s = to_seconds(now() - entry.begin);
  const double capacity = queue.up ? queue.bytes_per_s : 0;
  double bytes = capacity * elapsed_s;
  if (ports_[link].has_bucket) {
    Bucket& bucket = buckets_[link];
    const double level = bucket.tokens.level_at(entry.begin, bucket.spec);
    bytes = sent(bucket.spec, level, capacity, elapsed_s);
    bucket.tokens = {remaining(bucket.spec, level, elapsed_s, bytes), now()};
  }
  entry.left = std::max(0.0, entry.left - bytes);
}

void QueuedModel::resume(Queue& queue) {
  queue.free_at = queue.latest = now();
  queue.rest_ps = 0;
  for (Slot slot = queue.first; slot != kNone; slot = entries_[slot].next) {
    if (entries_[slot].departure <= now()) continue;
    entries_[slot].pinned = 0;
    agenda().clear(slot);
    place(slot, queue);
  }
}

void QueuedModel::set_link(LinkId link, const LinkState& state, TimePoint now) {
  UNDERSTUDY_CHECK(state.bandwidth.bits_per_s > 0 && std::isfinite(state.bandwidth.bits_per_s));
  run_until(now);
  Port& port = ports_.at(link.index());
  Queue& queue = queues_[port.queue];
  hold(queue);
  if (queue.up && !state.up) queue.down_since = now;
  if (!queue.up && state.up) queue.down += now - queue.down_since;
  queue.bytes_per_s = state.bandwidth.bytes_per_s();
  queue.up = state.up;
  port.latency = state.latency;
  resume(queue);
}

// Takes the message's packets out of the network, wherever they are.
void QueuedModel::drop(Slot slot) {
  for (const LinkId link : messages_[slot].route) {
    Queue& queue = queues_[ports_[link.index()].queue];
    Slot crossing = queue.first;
    while (crossing != kNone && entries_[crossing].message != slot) {
      crossing = entries_[crossing].next;
    }
    if (crossing == kNone) continue;
    hold(queue);
    for (Slot next = queue.first; next != kNone;) {
      crossing = next;
      next = entries_[crossing].next;
      if (entries_[crossing].message == slot) withdraw(crossing);
    }
    resume(queue);
  }
}

void QueuedModel::withdraw(Slot slot) {
  if (entries_[slot].departure <= now()) {
    count_sent(slot);  // on its way: nobody waits for it
  } else {
    count_cancelled(slot);
  }
  agenda().clear(slot);
  leave(slot);
  if (slot != entries_[slot].message) release(slot);
}

bool QueuedModel::admit(Slot slot) {
  drain(queue_of(slot));
  const Entry& entry = entries_[slot];
  if (entry.hop == 0) return true;
  Buffer& buffer = buffers_[link_of(slot)];
  const auto size = static_cast<std::int64_t>(entry.size);
  if (size > buffer.max_bytes - buffer.bytes || buffer.packets >= buffer.max_packets) return false;
  buffer.bytes += size;
  ++buffer.packets;
  return true;
}

// Takes off the buffers what has departed since the last time.
void QueuedModel::drain(Queue& queue) {
  while (queue.unsent != kNone && entries_[queue.unsent].departure <= now()) {
    discharge(queue.unsent);
    queue.unsent = entries_[queue.unsent].next;
  }
}

void QueuedModel::discharge(Slot slot) {
  const Entry& entry = entries_[slot];
  if (entry.hop == 0) return;
  Buffer& buffer = buffers_[link_of(slot)];
  buffer.bytes -= static_cast<std::int64_t>(entry.size);
  --buffer.packets;
}

std::span<const LinkStatistics> QueuedModel::statistics() const {
  reported_ = statistics_;
  for (std::size_t link = 0; link < ports_.size(); ++link) {
    const Queue& queue = queues_[ports_[link].queue];
    reported_[link].down = queue.down;
    if (!queue.up) reported_[link].down += now() - queue.down_since;
  }
  return reported_;
}

}  // namespace understudy
