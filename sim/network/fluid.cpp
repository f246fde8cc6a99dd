#include "sim/network/fluid.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/errors.hpp"
#include "sim/network/packets.hpp"

namespace understudy {

FluidModel::FluidModel(const Topology& topology, const PacketConfig& packet)
    : packet_(packet), statistics_(topology.links().size()) {
  for (const Link& link : topology.links()) {
    const auto id = static_cast<std::uint32_t>(links_.size());
    links_.push_back({.bytes_per_s = link.bandwidth.bytes_per_s(), .latency = link.latency});
    media_.push_back(link.medium);
    if (!link.medium) continue;
    if (link.medium->index() >= links_of_medium_.size())
      links_of_medium_.resize(link.medium->index() + 1);
    links_of_medium_[link.medium->index()].push_back(id);
  }
}

TransferId FluidModel::start(const Transfer& transfer, TimePoint now) {
  UNDERSTUDY_CHECK(transfer.size.count >= 0);
  UNDERSTUDY_CHECK(transfer.weight > 0 && std::isfinite(transfer.weight));
  UNDERSTUDY_CHECK(transfer.cap_bytes_per_s > 0);
  run_until(now);
  const Slot slot = take_slot();
  if (slot == flows_.size()) flows_.emplace_back();
  Flow& flow = flows_[slot];
  flow.route = transfer.route;
  flow.size = flow.left = static_cast<double>(wire_size(packet_, transfer.size).count);
  flow.weight = transfer.weight;
  flow.cap = transfer.cap_bytes_per_s;
  flow.rate = 0;
  flow.flowing = false;
  const Duration latency = this->latency(transfer.route);
  starting(flow, latency);
  const TimePoint arrival = checked_add(now, latency);
  agenda().set(slot, std::max(now, checked_add(arrival, transfer.delay)));
  return TransferId{slot};
}

Duration FluidModel::latency(std::span<const LinkId> route) const {
  TimePoint end = kStart;
  for (const LinkId id : route) end = checked_add(end, links_[id.index()].latency);
  return end - kStart;
}

void FluidModel::due(Slot slot) {
  Flow& flow = flows_[slot];
  if (flow.flowing) {
    stop_flowing(slot, true);
    end(slot);
    return;
  }
  const auto open = [this](LinkId id) { return links_[id.index()].up; };
  if (flow.route.empty() ||
      (flow.size == 0 && std::all_of(flow.route.begin(), flow.route.end(), open))) {
    for (const LinkId id : flow.route) ++statistics_[id.index()].messages;
    end(slot);
    return;
  }
  begin_flowing(slot);
}

void FluidModel::begin_flowing(Slot slot) {
  Flow& flow = flows_[slot];
  for (const LinkId id : flow.route) {
    FluidLink& link = links_[id.index()];
    if (link.flows++ == 0) link.busy_since = now();
  }
  flow.flowing = true;
  flow.since = flow.booked_at = now();
  flow.booked_left = flow.left;
  flow.held_by = flow.route.front().value;
  flow.alone_rate = slowest_link(flow);
  joined(slot);
}

void FluidModel::stop_flowing(Slot slot, bool delivered) {
  Flow& flow = flows_[slot];
  if (delivered) {
    flow.left = 0;
  } else {
    bring_up_to_date(flow);
  }
  if (flow.pool != kNone) leave_pool(slot);
  book_wait(flow);
  const auto sent =
      static_cast<std::int64_t>(delivered ? flow.size : std::floor(flow.size - flow.left));
  for (const LinkId id : flow.route) {
    LinkStatistics& statistics = statistics_[id.index()];
    statistics.bytes += sent;
    statistics.messages += delivered ? 1 : 0;
    FluidLink& link = links_[id.index()];
    if (--link.flows == 0) statistics.busy += now() - link.busy_since;
  }
  flow.flowing = false;
  left(slot);
}

void FluidModel::drop(Slot slot) {
  if (flows_[slot].flowing) stop_flowing(slot, false);
}

double FluidModel::left_now(const Flow& flow) const {
  const double left = flow.pool == kNone
                          ? flow.left - flow.rate * to_seconds(now() - flow.since)
                          : flow.weight * (flow.pool_end - pools_[flow.pool].service_at(now()));
  return std::max(0.0, left);
}

void FluidModel::bring_up_to_date(Flow& flow) {
  if (flow.since == now()) return;
  flow.left = left_now(flow);
  flow.since = now();
}

// Of a flow that is up to date: beyond what it would have taken alone.
Duration FluidModel::unbooked_wait(const Flow& flow) const {
  const double alone_ps = (flow.booked_left - flow.left) / flow.alone_rate * 1e12;
  const double waited_ps = static_cast<double>((now() - flow.booked_at).count()) - alone_ps;
  return Duration{static_cast<std::int64_t>(std::max(0.0, waited_ps) + 0.5)};
}

// On the link that has held it back.
void FluidModel::book_wait(Flow& flow) {
  statistics_[flow.held_by].queueing += unbooked_wait(flow);
  flow.booked_left = flow.left;
  flow.booked_at = now();
}

void FluidModel::set_rate(Slot slot, double rate, std::uint32_t held_by) {
  Flow& flow = flows_[slot];
  const bool keeps_rate = rate == flow.rate && flow.pool == kNone;
  if (keeps_rate && held_by == flow.held_by) return;
  set_holder(flow, held_by);
  if (keeps_rate) return;
  if (flow.pool != kNone) leave_pool(slot);
  flow.rate = rate;
  agenda().set(slot, rate > 0 ? after(now(), flow.left / rate) : kNever);
}

// And brings it up to date.
void FluidModel::set_holder(Flow& flow, std::uint32_t held_by) {
  bring_up_to_date(flow);
  if (held_by != flow.held_by) book_wait(flow);
  flow.held_by = held_by;
}

void FluidModel::follow(Slot slot, std::uint32_t id, std::uint32_t held_by) {
  Flow& flow = flows_[slot];
  if (flow.pool == id) return;
  set_holder(flow, held_by);
  if (flow.pool != kNone) leave_pool(slot);
  agenda().clear(slot);
  if (id >= pools_.size()) pools_.resize(id + 1);
  Pool& pool = pools_[id];
  if (pool.ends.empty()) pool = {.since = now()};
  flow.pool = id;
  flow.pool_end = pool.service_at(now()) + flow.left / flow.weight;
  pool.ends.emplace(flow.pool_end, slot);
}

// Of a flow that is up to date.
void FluidModel::leave_pool(Slot slot) {
  Flow& flow = flows_[slot];
  pools_[flow.pool].ends.erase({flow.pool_end, slot});
  flow.pool = kNone;
  flow.rate = 0;
}

void FluidModel::set_level(std::uint32_t id, double level) {
  Pool& pool = pools_[id];
  pool.service = pool.service_at(now());
  pool.since = now();
  pool.level = level;
  auto first = pool.ends.begin();
  for (auto it = first; it != pool.ends.end() && it->first <= pool.appointed; ++it)
    agenda().clear(it->second);
  pool.appointed = 0;
  if (level == 0 || first == pool.ends.end()) return;
  const auto end = [&](double service) {
    return after(now(), std::max(0.0, service - pool.service) / level);
  };
  const TimePoint at = end(first->first);
  for (auto it = first; it != pool.ends.end() && end(it->first) == at; ++it) {
    agenda().set(it->second, at);
    pool.appointed = it->first;
  }
}

void FluidModel::set_rate_alone(Slot slot) {
  const Flow& flow = flows_[slot];
  for (const LinkId id : flow.route) {
    if (!links_[id.index()].up) return set_rate(slot, 0, id.value);
  }
  set_rate(slot, flow.alone_rate, flow.held_by);
}

double FluidModel::slowest_link(const Flow& flow) const {
  double rate = flow.cap;
  for (const LinkId id : flow.route) rate = std::min(rate, links_[id.index()].bytes_per_s);
  return rate;
}

void FluidModel::refresh(Slot slot) {
  Flow& flow = flows_[slot];
  bring_up_to_date(flow);
  book_wait(flow);
  flow.alone_rate = slowest_link(flow);
}

void FluidModel::set_link(LinkId id, const LinkState& state, TimePoint now) {
  UNDERSTUDY_CHECK(state.bandwidth.bits_per_s > 0 && std::isfinite(state.bandwidth.bits_per_s));
  UNDERSTUDY_CHECK(state.latency >= Duration::zero());
  run_until(now);
  links_.at(id.index()).latency = state.latency;
  const std::optional<MediumId> medium = media_[id.index()];
  if (!medium) return set_one_link(id.value, state);
  for (const std::uint32_t link : links_of_medium_[medium->index()]) set_one_link(link, state);
}

void FluidModel::set_one_link(std::uint32_t id, const LinkState& state) {
  FluidLink& link = links_[id];
  link.bytes_per_s = state.bandwidth.bytes_per_s();
  if (link.up && !state.up) link.down_since = now();
  if (!link.up && state.up) statistics_[id].down += now() - link.down_since;
  link.up = state.up;
  changed(LinkId{id});
}

std::span<const LinkStatistics> FluidModel::statistics() const {
  reported_ = statistics_;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (links_[i].flows > 0) reported_[i].busy += now() - links_[i].busy_since;
    if (!links_[i].up) reported_[i].down += now() - links_[i].down_since;
  }
  for (Flow flow : flows_) {
    if (!flow.flowing) continue;
    flow.left = left_now(flow);
    reported_[flow.held_by].queueing += unbooked_wait(flow);
  }
  return reported_;
}

}  // namespace understudy
