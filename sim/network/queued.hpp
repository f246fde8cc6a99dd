// Store and forward: on every link of its route a packet waits until what came before it has been
// sent (first in, first out; at one instant in the order of the messages' start), takes size /
// bandwidth, and reaches the link's far end a latency later. Departures are computed on arrival and
// revised when the link changes or something before is cancelled. A link that is down sends
// nothing; what has left it arrives. The links of a medium share one queue. A transfer's delay comes
// after its last link; weight and cap are ignored.
//
// At its first link a message is a train: one entry of the queue, which puts its packets on the
// second link as they arrive there, one by one. So memory is bounded by what is inside the network,
// and a message over one link, or of one packet, costs one event a link.
//
// Of a queue's entries, in their order, only the head has an appointment, if the others reach the
// far end strictly after the one before; those that do not are pinned, with one of their own.
//
// Statistics count a packet when it reaches the link's far end, a train and a message with its last
// packet. Queueing is the time from the arrival at the link to the departure beyond size /
// bandwidth, of packets, on the first link of messages.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "sim/network/event_model.hpp"
#include "sim/network/network_config.hpp"
#include "sim/network/token_bucket.hpp"

namespace understudy {

class QueuedModel final : public EventModel {
 public:
  // Throws ScenarioError for patterns that fit no link.
  QueuedModel(const Topology& topology, const QueuedConfig& config);

  TransferId start(const Transfer& transfer, TimePoint now) override;
  void set_link(LinkId link, const LinkState& state, TimePoint now) override;
  std::span<const LinkStatistics> statistics() const override;

 private:
  struct Message {  // by slot
    std::span<const LinkId> route;
    Duration delay{0};
    double last_size = 0;        // bytes on the wire, of the last packet
    std::int64_t waiting = 0;    // packets of the train before its last
    std::int64_t under_way = 0;  // packets that have neither arrived nor been dropped
    std::int64_t lost = 0;       // bytes of payload
    bool delivered = true;
  };
  struct Entry {  // by slot: a packet, or a train, which becomes its last packet
    Slot message = 0;
    std::uint32_t hop : 31 = 0;  // which link of the route it is on
    std::uint32_t pinned : 1 = 0;
    Slot previous = kNone, next = kNone;  // in the queue
    double size = 0;                      // bytes
    double left = 0;                      // bytes that are not yet sent at `begin`
    TimePoint arrival{};                  // at this link
    TimePoint first_begin{};              // when sending began
    TimePoint begin{};                    // when sending began or was last revised
    TimePoint departure{};                // of its last byte
  };
  struct Queue {
    double bytes_per_s = 0;
    TimePoint free_at{};                 // departure of the last entry, rounded
    double rest_ps = 0;                  // what rounding has taken from that
    TimePoint latest{};                  // when the last entry that is not pinned reaches its end
    Slot first = kNone, last = kNone;    // what has not yet reached the far end
    Slot head = kNone;                   // the first that is not pinned
    Slot unsent = kNone;                 // where drain() stopped
    bool up = true, is_limited = false;  // by the buffer of any of its links
    Duration down{0};                    // before it went up last
    TimePoint down_since{};
  };
  struct Port {  // by link
    std::uint32_t queue = 0;
    bool has_bucket = false;
    Duration latency{0};
  };
  struct Buffer {  // of a link, for packets from other links; counts what has not departed
    std::int64_t max_bytes = std::numeric_limits<std::int64_t>::max();
    std::int64_t max_packets = max_bytes;
    std::int64_t bytes = 0, packets = 0;
  };
  struct Bucket {
    TokenBucket spec;
    Tokens tokens;  // after the last entry
  };

  void add_buckets(const Topology& topology, const std::vector<TokenBucketConfig>& configs);
  void add_limits(const Topology& topology, const std::vector<QueueLimitConfig>& configs);

  void due(Slot slot) override;
  void drop(Slot slot) override;
  Completion completion(Slot slot) const override;

  // A packet's way.
  void set_up(Slot slot, const Entry& entry);
  void emit(Slot train);
  Slot detach_packet(Slot train);
  void cross(Slot slot);
  void enter(Slot slot);
  void finish(Slot slot);
  void lose(Slot slot);
  void count_sent(Slot slot);
  void count_cancelled(Slot slot);

  // An entry of a queue.
  void insert_before(Slot next, Slot slot, Queue& queue);
  void leave(Slot slot);
  void place(Slot slot, Queue& queue);
  void schedule(Slot slot, Queue& queue);
  double sending_ps(Slot slot, double bytes) const;
  TimePoint next_departure(Slot slot) const;
  TimePoint far_end(Slot slot, TimePoint departure) const;

  // A queue that changes.
  void hold(Queue& queue);
  void split(Slot train, Queue& queue);
  void interrupt(Slot slot);
  void resume(Queue& queue);
  void withdraw(Slot slot);

  // A limited queue.
  bool admit(Slot slot);
  void drain(Queue& queue);
  void discharge(Slot slot);

  bool is_train(Slot slot) const {
    return slot == entries_[slot].message && messages_[slot].waiting > 0;
  }
  std::uint32_t link_of(Slot slot) const {
    const Entry& entry = entries_[slot];
    return messages_[entry.message].route[entry.hop].value;
  }
  Queue& queue_of(Slot slot) { return queues_[ports_[link_of(slot)].queue]; }
  const Queue& queue_of(Slot slot) const { return queues_[ports_[link_of(slot)].queue]; }

  PacketConfig packet_;
  std::vector<Message> messages_;
  std::vector<Entry> entries_;
  std::vector<Queue> queues_;
  std::vector<Port> ports_;
  std::vector<Buffer> buffers_;  // by link; empty without limits
  std::vector<Bucket> buckets_;  // by link; empty without any
  std::vector<Tokens> before_;   // by slot; the link's tokens before the entry
  std::vector<LinkStatistics> statistics_;
  mutable std::vector<LinkStatistics> reported_;  // with the time that links are down right now
};

}  // namespace understudy
