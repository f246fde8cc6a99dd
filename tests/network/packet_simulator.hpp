// An event loop over single packets, written as plainly as possible, against which the queued model
// is held: every packet is an object of its own from the start, and every step looks at all of them.
// Rates must give whole picoseconds for a byte, and change by whole factors, downwards.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "sim/network/network_config.hpp"
#include "sim/network/network_model.hpp"

namespace understudy {

class PacketSimulator {
 public:
  struct Limit {
    std::int64_t bytes = INT64_MAX, packets = INT64_MAX;
  };
  struct Outcome {
    std::optional<TimePoint> end{};
    std::int64_t left = 0, lost = 0;  // packets not yet at their end; bytes of payload
    bool cancelled = false;
  };

  PacketSimulator(const Topology& topology, const PacketConfig& packet, std::vector<Limit> limits)
      : packet_(packet), limits_(std::move(limits)) {
    for (std::size_t l = 0; l < topology.links().size(); ++l) {
      const Link& link = topology.links()[l];
      const std::size_t shared = link.medium ? 1000 + link.medium->index() : l;
      queue_of_.push_back(shared);
      queues_[shared].ps_per_byte = ps_per_byte(link.bandwidth);
      latency_.push_back(link.latency);
    }
    bytes.resize(latency_.size());
    dropped.resize(latency_.size());
  }

  void start(std::span<const LinkId> route, Bytes size, Duration delay) {
    const std::size_t message = outcomes.size();
    routes_.emplace_back(route.begin(), route.end());
    delays_.push_back(delay);
    outcomes.emplace_back();
    if (route.empty()) {
      outcomes.back().end = now_;
      return;
    }
    std::int64_t payload_left = size.count;
    do {
      const std::int64_t payload =
          packet_.payload.count == 0 ? payload_left : std::min(payload_left, packet_.payload.count);
      payload_left -= payload;
      enter({message, outcomes.back().left++, payload, payload + packet_.overhead.count});
    } while (payload_left > 0);
  }

  void set_link(std::size_t link, const LinkState& state) {
    Queue& queue = queues_[queue_of_[link]];
    pause(queue);
    queue.remaining *= ps_per_byte(state.bandwidth) / queue.ps_per_byte;
    queue.ps_per_byte = ps_per_byte(state.bandwidth);
    queue.up = state.up;
    latency_[link] = state.latency;
    go_on(queue);
  }

  void cancel(std::size_t message) {
    outcomes[message].cancelled = true;
    const auto is_part = [message](const Packet& p) { return p.message == message; };
    std::erase_if(flying_, is_part);
    for (auto& [id, queue] : queues_) {
      const bool at_front = !queue.packets.empty() && is_part(queue.packets.front());
      pause(queue);
      std::erase_if(queue.packets, is_part);
      if (at_front) begin(queue);
      go_on(queue);
    }
  }

  void run_to(TimePoint until) {
    for (;;) {
      TimePoint next = kNever;
      for (const auto& [id, queue] : queues_) next = std::min(next, queue.done);
      for (const Packet& packet : flying_) next = std::min(next, packet.arrival);
      if (next > until || next == kNever) break;
      now_ = next;
      depart();
      arrive();
    }
    now_ = until;
  }

  bool is_under_way(std::size_t message) const {
    return !outcomes[message].end && !outcomes[message].cancelled;
  }

  std::vector<Outcome> outcomes;      // by message
  std::vector<std::int64_t> bytes;    // by link, that have reached its far end
  std::vector<std::int64_t> dropped;  // packets, by link

 private:
  struct Packet {
    std::size_t message = 0;
    std::int64_t number = 0, payload = 0, wire = 0;
    std::size_t hop = 0;
    TimePoint arrival{};
  };
  struct Queue {
    std::deque<Packet> packets{};  // the first is being sent
    std::int64_t ps_per_byte = 0;
    std::int64_t remaining = 0;  // of the first, in picoseconds, while paused
    TimePoint done = kNever;     // the first
    bool up = true;
  };

  static std::int64_t ps_per_byte(Bandwidth bandwidth) {
    return static_cast<std::int64_t>(8e12 / bandwidth.bits_per_s);
  }
  std::size_t link_of(const Packet& packet) const {
    return routes_[packet.message][packet.hop].index();
  }

  void pause(Queue& queue) const {
    if (queue.done == kNever) return;
    queue.remaining = (queue.done - now_).count();
    queue.done = kNever;
  }
  void go_on(Queue& queue) const {
    if (queue.up && !queue.packets.empty()) queue.done = now_ + Duration{queue.remaining};
  }
  static void begin(Queue& queue) {
    queue.remaining = queue.packets.empty() ? 0 : queue.packets.front().wire * queue.ps_per_byte;
  }

  void depart() {
    for (auto& [id, queue] : queues_) {
      if (queue.done != now_) continue;
      Packet packet = queue.packets.front();
      queue.packets.pop_front();
      queue.done = kNever;
      begin(queue);
      go_on(queue);
      packet.arrival = now_ + latency_[link_of(packet)];
      if (packet.hop + 1 == routes_[packet.message].size())
        packet.arrival = std::max(now_, packet.arrival + delays_[packet.message]);
      flying_.push_back(packet);
    }
  }

  void arrive() {
    std::vector<Packet> arrived;
    for (const Packet& packet : flying_) {
      if (packet.arrival == now_) arrived.push_back(packet);
    }
    std::erase_if(flying_, [this](const Packet& packet) { return packet.arrival == now_; });
    std::sort(arrived.begin(), arrived.end(), [](const Packet& a, const Packet& b) {
      return a.message != b.message ? a.message < b.message : a.number < b.number;
    });
    for (Packet& packet : arrived) {
      bytes[link_of(packet)] += packet.wire;
      if (++packet.hop == routes_[packet.message].size()) {
        over(packet);
      } else {
        enter(packet);
      }
    }
  }

  void enter(const Packet& packet) {
    const std::size_t link = link_of(packet);
    Queue& queue = queues_[queue_of_[link]];
    std::int64_t waiting = 0, waiting_bytes = 0;
    for (const Packet& other : queue.packets) {
      if (other.hop == 0 || link_of(other) != link) continue;
      ++waiting;
      waiting_bytes += other.wire;
    }
    if (packet.hop > 0 && (waiting + 1 > limits_[link].packets ||
                           waiting_bytes + packet.wire > limits_[link].bytes)) {
      ++dropped[link];
      outcomes[packet.message].lost += packet.payload;
      return over(packet);
    }
    queue.packets.push_back(packet);
    if (queue.packets.size() > 1) return;
    begin(queue);
    go_on(queue);
  }

  void over(const Packet& packet) {
    Outcome& outcome = outcomes[packet.message];
    if (--outcome.left == 0) outcome.end = now_;
  }

  PacketConfig packet_;
  std::vector<Limit> limits_;
  std::vector<std::size_t> queue_of_;
  std::map<std::size_t, Queue> queues_;
  std::vector<Duration> latency_;
  std::vector<std::vector<LinkId>> routes_;
  std::vector<Duration> delays_;
  std::vector<Packet> flying_;
  TimePoint now_ = kStart;
};

}  // namespace understudy
