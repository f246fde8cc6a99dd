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
  if (!(ps < 9e18)) return {kNever, 0};
  const auto whole = static_cast<std::int64_t>(ps + 0.5);
  if (whole >= (kNever - t).count()) return {kNever, 0};
  return {t + Duration{whole}, ps - static_cast<double>(whole)};
}

}  // namespace

QueuedModel::QueuedModel(const Topology& topology, const QueuedConfig& config)
    : packet_(config.conditions.packet),
      sent_(topology.links().size()),
      dropped_(topology.links().size()),
      reported_(topology.links().size()) {
  std::map<MediumId, std::uint32_t> media;
  for (const Link& link : topology.links()) {
    const auto id = static_cast<std::uint32_t>(queues_.size());
    const double rate = link.bandwidth.bytes_per_s();
    queues_.push_back({.latency = link.latency, .shared = id, .ps_per_byte = 1e12 / rate});
    if (link.medium) queues_.back().shared = media.emplace(*link.medium, id).first->second;
    capacities_.push_back({.bytes_per_s = rate});
  }
  add_buckets(topology, config.token_buckets);
  add_limits(topology, config.limits);
}

void QueuedModel::add_buckets(const Topology& topology,
                              const std::vector<TokenBucketConfig>& configs) {
  if (!configs.empty()) buckets_.resize(queues_.size());
  for (const TokenBucketConfig& config : configs) {
    const double burst = static_cast<double>(config.burst.count);
    const double peak = config.peak ? config.peak->bytes_per_s() : HUGE_VAL;
    for (const LinkId link : links_like(topology, config.links)) {
      queues_[link.index()].has_bucket = true;
      buckets_[link.index()] = {{config.rate.bytes_per_s(), burst, peak}, {burst, kStart}};
    }
  }
}

void QueuedModel::add_limits(const Topology& topology,
                             const std::vector<QueueLimitConfig>& configs) {
  if (!configs.empty()) buffers_.resize(queues_.size());
  for (const QueueLimitConfig& config : configs) {
    for (const LinkId link : links_like(topology, config.links)) {
      Buffer buffer;
      if (config.bytes) buffer.max_bytes = config.bytes->count;
      if (config.packets) buffer.max_packets = *config.packets;
      buffers_[link.index()] = buffer;
      queue_of(link.value).is_limited = true;
    }
  }
}

TransferId QueuedModel::start(const Transfer& transfer, TimePoint now) {
  UNDERSTUDY_CHECK(transfer.size.count >= 0);
  run_until(now);
  const std::int64_t wire = wire_size(packet_, transfer.size).count;
  const std::int64_t packets = packet_count(packet_, transfer.size);
  const bool is_train = packets > 1 && transfer.route.size() > 1;
  const Slot slot = take_slot(packets);
  if (slot >= messages_.size()) messages_.resize(slot + 1);
  Message& message = messages_[slot];
  message.route = transfer.route;
  message.delay = transfer.delay;
  message.last_size = static_cast<double>(wire - (packets - 1) * full_packet());
  message.waiting = packets - 1;
  message.under_way = is_train ? packets : 1;
  message.lost = 0;
  message.not_before = kStart;
  Entry& entry = entry_at(slot);
  entry.message = slot;
  entry.size = static_cast<double>(wire);
  entry.is_train = is_train;
  entry.lost_some = false;
  if (transfer.route.empty()) {
    agenda().set(slot, now);
  } else {
    enter(slot, 0);
  }
  return TransferId{slot};
}

QueuedModel::Entry& QueuedModel::entry_at(Slot slot) {
  if (slot >= entries_.size()) {
    entries_.resize(slot + 1);
    if (!buckets_.empty()) before_.resize(slot + 1);
  }
  return entries_[slot];
}

Completion QueuedModel::completion(Slot slot) const {
  return {TransferId{slot}, !entries_[slot].lost_some, Bytes{messages_[slot].lost}};
}

void QueuedModel::due(Slot slot) {
  if (entries_[slot].is_train) {
    emit(slot);
  } else if (messages_[entries_[slot].message].route.empty()) {
    end(slot);
  } else {
    cross(slot);
  }
}

// The train's next packet has reached the far end of the first link.
void QueuedModel::emit(Slot train) {
  const Slot packet = detach_packet(train);
  agenda().set(train, next_appointment(train));
  enter(packet, 1);
}

QueuedModel::Slot QueuedModel::detach_packet(Slot train) {
  const Slot slot = take_part(train);
  Entry& packet = entry_at(slot);
  packet.message = train;
  packet.size = static_cast<double>(full_packet());
  packet.is_train = false;
  if (--messages_[train].waiting == 0) entries_[train].is_train = false;
  return slot;
}

inline void QueuedModel::cross(Slot slot) {
  Entry& entry = entries_[slot];
  count_sent(slot);
  leave(slot, queue_of(entry.link));
  const Message& message = messages_[entry.message];
  if (slot == entry.message) entry.size = message.last_size;
  if (entry.hop + 1 == message.route.size()) {
    finish(slot);
  } else {
    enter(slot, entry.hop + 1);
  }
}

inline void QueuedModel::enter(Slot slot, std::uint32_t hop) {
  Entry& entry = entries_[slot];
  const Message& message = messages_[entry.message];
  entry.hop = hop;
  entry.link = message.route[hop].value;
  Queue& queue = queue_of(entry.link);
  if (queue.is_limited && hop > 0 && !admit(slot, queue)) return lose(slot);
  entry.arrival = now();
  entry.left = entry.size;
  entry.is_late = message.delay != Duration::zero() && hop + 1 == message.route.size();
  insert_before(kNone, slot, queue);
  if (queue.is_limited && queue.unsent == kNone) queue.unsent = slot;
  place(slot, queue);
}

// A packet has arrived, or was lost.
inline void QueuedModel::finish(Slot slot) {
  const Slot message = entries_[slot].message;
  if (slot != message) release(slot);
  if (--messages_[message].under_way == 0) end(message);
}

void QueuedModel::lose(Slot slot) {
  const Entry& entry = entries_[slot];
  Message& message = messages_[entry.message];
  ++dropped_[entry.link];
  message.lost += static_cast<std::int64_t>(entry.size) - packet_.overhead.count;
  entries_[entry.message].lost_some = true;
  finish(slot);
}

inline void QueuedModel::count_sent(Slot slot) {
  const Entry& entry = entries_[slot];
  const bool is_last = slot == entry.message;
  if (entry.hop == 0 && !is_last) return;  // with its train
  Sent& total = sent_[entry.link];
  total.bytes += static_cast<std::int64_t>(entry.size);
  total.messages += is_last ? 1 : 0;
  total.busy += entry.departure - entry.begin;
  if (entry.left == entry.size && !queues_[entry.link].has_bucket) {  // sent in one go
    total.queueing += entry.begin - entry.arrival;
  } else {
    const TimePoint idle = after(entry.arrival, entry.size / capacity_of(entry.link).bytes_per_s);
    total.queueing += std::max(Duration::zero(), entry.departure - idle);
  }
}

void QueuedModel::count_cancelled(const Entry& entry) {
  Sent& total = sent_[entry.link];
  const double sent = entry.size - entry.left;
  total.bytes += static_cast<std::int64_t>(std::floor(sent));
  const TimePoint idle = after(entry.arrival, sent / capacity_of(entry.link).bytes_per_s);
  total.queueing += std::max(Duration::zero(), now() - idle);
}

inline void QueuedModel::insert_before(Slot next, Slot slot, Queue& queue) {
  Entry& entry = entries_[slot];
  entry.next = next;
  entry.previous = next == kNone ? queue.last : entries_[next].previous;
  (entry.previous == kNone ? queue.first : entries_[entry.previous].next) = slot;
  (next == kNone ? queue.last : entries_[next].previous) = slot;
}

inline void QueuedModel::leave(Slot slot, Queue& queue) {
  const Entry& entry = entries_[slot];
  if (queue.is_limited) {
    drain(queue);
    if (entry.departure > now()) discharge(slot);
    if (queue.unsent == slot) queue.unsent = entry.next;
  }
  (entry.previous == kNone ? queue.first : entries_[entry.previous].next) = entry.next;
  (entry.next == kNone ? queue.last : entries_[entry.next].previous) = entry.previous;
  if (queue.head != slot) return;
  queue.head = entry.next;
  while (queue.head != kNone && entries_[queue.head].is_pinned) {
    queue.head = entries_[queue.head].next;
  }
  if (queue.head == kNone) return;
  agenda().set(queue.head, next_appointment(queue.head));
  // A deep queue is far from any cache: the entry that will be next is fetched in the meantime.
  const Slot soon = entries_[queue.head].next;
  if (soon != kNone) __builtin_prefetch(&entries_[soon]);
}

// Gives the last entry, or that which follows on the last one placed, its time.
inline void QueuedModel::place(Slot slot, Queue& queue) {
  Entry& entry = entries_[slot];
  const bool is_busy = queue.free_at >= now();
  entry.begin = is_busy ? queue.free_at : now();
  const double rest_ps = is_busy ? queue.rest_ps : 0;
  const double ps =
      queues_[entry.link].has_bucket ? take_tokens(slot) : entry.left * queue.ps_per_byte;
  const Rounded departure = after_ps(entry.begin, rest_ps + ps);
  entry.departure = queue.free_at = departure.at;
  queue.rest_ps = departure.rest_ps;
  schedule(slot, queue);
}

// Returns how long that takes.
double QueuedModel::take_tokens(Slot slot) {
  const Entry& entry = entries_[slot];
  Bucket& bucket = buckets_[entry.link];
  before_[slot] = bucket.tokens;
  const double ps = sending_ps(slot, entry.left);
  const double level = bucket.tokens.level_at(entry.begin, bucket.spec);
  bucket.tokens = {remaining(bucket.spec, level, ps * 1e-12, entry.left),
                   after_ps(entry.begin, ps).at};
  return ps;
}

inline void QueuedModel::schedule(Slot slot, Queue& queue) {
  Entry& entry = entries_[slot];
  const TimePoint end = far_end(entry, entry.departure);
  const TimePoint appointment = entry.is_train ? next_appointment(slot) : end;
  entry.is_pinned = entry.is_late || appointment <= queue.latest;
  if (entry.is_pinned) return agenda().set(slot, appointment);
  queue.latest = end;
  if (queue.head != kNone) return;
  queue.head = slot;
  agenda().set(slot, appointment);
}

double QueuedModel::sending_ps(Slot slot, double bytes) const {
  const Entry& entry = entries_[slot];
  const Queue& queue = queues_[queues_[entry.link].shared];
  const Capacity& capacity = capacity_of(entry.link);
  if (!queues_[entry.link].has_bucket || !capacity.up) return bytes * queue.ps_per_byte;
  const TokenBucket& spec = buckets_[entry.link].spec;
  const double level = before_[slot].level_at(entry.begin, spec);
  return sending_s(spec, level, capacity.bytes_per_s, bytes) * 1e12;
}

TimePoint QueuedModel::next_packet_departure(Slot slot) const {
  const Entry& entry = entries_[slot];
  const Message& message = messages_[slot];
  const auto others = static_cast<double>((message.waiting - 1) * full_packet());
  const double bytes = std::max(0.0, entry.left - message.last_size - others);
  return std::min(entry.departure, after_ps(entry.begin, sending_ps(slot, bytes)).at);
}

inline TimePoint QueuedModel::far_end(const Entry& entry, TimePoint departure) const {
  const Duration latency = queues_[entry.link].latency;
  if (latency < kNever - departure && !entry.is_late) return departure + latency;
  if (departure == kNever) return kNever;
  const TimePoint end = checked_add(departure, latency);
  if (!entry.is_late) return end;
  const Message& message = messages_[entry.message];
  return std::max({departure, checked_add(end, message.delay), message.not_before});
}

TimePoint QueuedModel::next_appointment(Slot slot) const {
  const Entry& entry = entries_[slot];
  return far_end(entry, entry.is_train ? next_packet_departure(slot) : entry.departure);
}

// Makes what has left independent of the queue, and brings what is left to send, and tokens, up to
// now. Departures must be set again by resume().
void QueuedModel::hold(Queue& queue) {
  Slot sending = queue.first;
  while (sending != kNone && entries_[sending].departure <= now()) {
    if (!entries_[sending].is_pinned || entries_[sending].is_train) {
      if (entries_[sending].is_train) split(sending, queue);
      entries_[sending].is_pinned = true;
      agenda().set(sending, next_appointment(sending));
    }  // else it may have left with another latency
    sending = entries_[sending].next;
  }
  queue.head = kNone;
  if (sending == kNone) return;
  split(sending, queue);
  if (!buckets_.empty()) {
    const Slot sent = entries_[sending].previous;
    for (Slot slot = queue.last; slot != sent; slot = entries_[slot].previous)
      buckets_[entries_[slot].link].tokens = before_[slot];
  }
  if (entries_[sending].begin < now()) interrupt(sending);
}

// Parts the packets that are on their way to the far end from what is still to be sent.
void QueuedModel::split(Slot slot, Queue& queue) {
  const bool is_own = slot == entries_[slot].message;
  while (is_own && messages_[slot].waiting > 0) {
    const TimePoint departure = next_packet_departure(slot);
    if (departure > now()) return;
    if (entries_[slot].is_train) {
      leave_behind(slot, departure, queue);
    } else {
      Message& message = messages_[slot];
      message.not_before = far_end(entries_[slot], departure);
      entries_[slot].is_late = true;
      --message.waiting;
    }
  }
}

void QueuedModel::leave_behind(Slot train, TimePoint departure, Queue& queue) {
  const Slot slot = detach_packet(train);
  Entry& packet = entries_[slot];
  packet.hop = 0;
  packet.link = entries_[train].link;
  packet.is_late = false;
  packet.is_pinned = true;
  packet.departure = departure;
  insert_before(train, slot, queue);
  agenda().set(slot, far_end(packet, departure));
}

void QueuedModel::interrupt(Slot slot) {
  Entry& entry = entries_[slot];
  const double capacity = capacity_of(entry.link).now();
  const double elapsed_s = to_seconds(now() - entry.begin);
  double bytes = capacity * elapsed_s;
  if (queues_[entry.link].has_bucket) {
    Bucket& bucket = buckets_[entry.link];
    const double level = bucket.tokens.level_at(entry.begin, bucket.spec);
    bytes = sent(bucket.spec, level, capacity, elapsed_s);
    bucket.tokens = {remaining(bucket.spec, level, elapsed_s, bytes), now()};
  }
  entry.left = std::max(0.0, entry.left - bytes);
  sent_[entry.link].busy += now() - entry.begin;
  entry.begin = now();
}

void QueuedModel::resume(Queue& queue) {
  queue.free_at = queue.latest = now();
  queue.rest_ps = 0;
  for (Slot slot = queue.first; slot != kNone; slot = entries_[slot].next) {
    if (entries_[slot].departure <= now()) continue;
    agenda().clear(slot);
    place(slot, queue);
  }
}

void QueuedModel::set_link(LinkId link, const LinkState& state, TimePoint now) {
  UNDERSTUDY_CHECK(state.bandwidth.bits_per_s > 0 && std::isfinite(state.bandwidth.bits_per_s));
  run_until(now);
  Queue& queue = queue_of(queues_.at(link.index()).shared);
  Capacity& capacity = capacities_[queues_[link.index()].shared];
  hold(queue);
  if (capacity.up && !state.up) capacity.down_since = now;
  if (!capacity.up && state.up) capacity.down += now - capacity.down_since;
  capacity.up = state.up;
  capacity.bytes_per_s = state.bandwidth.bytes_per_s();
  queue.ps_per_byte = state.up ? 1e12 / capacity.bytes_per_s : HUGE_VAL;
  queues_[link.index()].latency = state.latency;
  resume(queue);
}

// Something of it waits on the link, or is on its way there.
bool QueuedModel::needs(TransferId id, LinkId link) const {
  for (const LinkId on : messages_.at(id.index()).route) {
    const Queue& queue = queues_[queues_[on.index()].shared];
    for (Slot slot = queue.first; slot != kNone; slot = entries_[slot].next) {
      const Entry& entry = entries_[slot];
      if (entry.message != id.value || entry.link != on.value) continue;
      if (on != link || entry.departure > now()) return true;
    }
    if (on == link) break;
  }
  return false;
}

// Takes the message's packets out of the network, wherever they are.
void QueuedModel::drop(Slot slot) {
  for (const LinkId link : messages_[slot].route) {
    Queue& queue = queue_of(link.value);
    Slot crossing = queue.first;
    while (crossing != kNone && entries_[crossing].message != slot) {
      crossing = entries_[crossing].next;
    }
    if (crossing == kNone) continue;
    hold(queue);
    for (Slot next = queue.first; next != kNone;) {
      crossing = next;
      next = entries_[crossing].next;
      if (entries_[crossing].message == slot) withdraw(crossing, queue);
    }
    resume(queue);
  }
}

void QueuedModel::withdraw(Slot slot, Queue& queue) {
  if (entries_[slot].departure <= now()) {
    count_sent(slot);  // on its way: nobody waits for it
  } else {
    count_cancelled(entries_[slot]);
  }
  agenda().clear(slot);
  leave(slot, queue);
  if (slot != entries_[slot].message) release(slot);
}

bool QueuedModel::admit(Slot slot, Queue& queue) {
  drain(queue);
  const Entry& entry = entries_[slot];
  Buffer& buffer = buffers_[entry.link];
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
  Buffer& buffer = buffers_[entry.link];
  buffer.bytes -= static_cast<std::int64_t>(entry.size);
  --buffer.packets;
}

std::span<const LinkStatistics> QueuedModel::statistics() const {
  for (std::uint32_t link = 0; link < queues_.size(); ++link) {
    const Sent& total = sent_[link];
    const Capacity& capacity = capacity_of(link);
    LinkStatistics& reported = reported_[link];
    reported.bytes = total.bytes;
    reported.messages = total.messages;
    reported.busy = total.busy;
    reported.queueing = total.queueing;
    reported.dropped_packets = dropped_[link];
    reported.down = capacity.down;
    if (!capacity.up) reported.down += now() - capacity.down_since;
  }
  return reported_;
}

}  // namespace understudy
