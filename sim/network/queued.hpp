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
  bool needs(TransferId id, LinkId link) const override;
  std::span<const LinkStatistics> statistics() const override;

 private:
  struct Message {  // by slot
    std::span<const LinkId> route;
    Duration delay{0};
    double last_size = 0;        // bytes on the wire, of the last packet
    std::int64_t waiting = 0;    // packets of the train before its last
    std::int64_t under_way = 0;  // packets that have neither arrived nor been dropped
    std::int64_t lost = 0;       // bytes of payload
    TimePoint not_before{};      // over a single link, when the packets before the last arrive
  };
  struct alignas(64) Entry {  // by slot: a packet, or a train, which becomes its last packet
    Slot message = 0;
    std::uint32_t hop = 0;  // which link of the route it is on
    std::uint32_t link = 0;
    Slot previous = kNone, next = kNone;  // in the queue
    bool is_train = false;                // with packets before its last
    bool is_late = false;                 // by the message's delay, or packets before it
    bool is_pinned = false;
    bool lost_some = false;  // of its packets, where it is a message's own entry
    double size = 0;         // bytes on the wire
    double left = 0;         // of them, not yet sent at `begin`
    TimePoint arrival{};     // at this link
    TimePoint begin{};       // when sending began or was last revised
    TimePoint departure{};   // of its last byte
  };
  struct alignas(64) Queue {           // by link; a medium's is that of its first link
    Duration latency{0};               // of the link
    std::uint32_t shared = 0;          // the link whose queue it shares; itself, as a rule
    bool has_bucket = false;           // the link
    bool is_limited = false;           // by the buffer of any link that shares it
    double ps_per_byte = 0;            // infinite while it is down
    TimePoint free_at{};               // departure of the last entry, rounded
    double rest_ps = 0;                // what rounding took off that
    TimePoint latest{};                // when the last entry that is not pinned is at its end
    Slot first = kNone, last = kNone;  // what has not yet reached the far end
    Slot head = kNone;                 // the first that is not pinned
    Slot unsent = kNone;               // where drain() stopped
  };
  struct Capacity {  // by link; a medium's is that of its first link
    double bytes_per_s = 0;
    bool up = true;
    TimePoint down_since{};
    Duration down{0};  // before it went up last
    double now() const { return up ? bytes_per_s : 0; }
  };
  struct alignas(32) Sent {  // by link: of LinkStatistics what every packet adds to
    std::int64_t bytes = 0, messages = 0;
    Duration busy{0}, queueing{0};
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
  Entry& entry_at(Slot slot);
  Slot detach_packet(Slot train);
  void emit(Slot train);
  void cross(Slot slot);
  void enter(Slot slot, std::uint32_t hop);
  void finish(Slot slot);
  void lose(Slot slot);
  void count_sent(Slot slot);
  void count_cancelled(const Entry& entry);

  // An entry of a queue.
  void insert_before(Slot next, Slot slot, Queue& queue);
  void leave(Slot slot, Queue& queue);
  void place(Slot slot, Queue& queue);
  double take_tokens(Slot slot);
  void schedule(Slot slot, Queue& queue);
  double sending_ps(Slot slot, double bytes) const;
  TimePoint next_packet_departure(Slot slot) const;
  TimePoint far_end(const Entry& entry, TimePoint departure) const;
  TimePoint next_appointment(Slot slot) const;

  // A queue that changes.
  void hold(Queue& queue);
  void split(Slot slot, Queue& queue);
  void leave_behind(Slot train, TimePoint departure, Queue& queue);
  void interrupt(Slot slot);
  void resume(Queue& queue);
  void withdraw(Slot slot, Queue& queue);

  // A limited queue.
  bool admit(Slot slot, Queue& queue);
  void drain(Queue& queue);
  void discharge(Slot slot);

  std::int64_t full_packet() const { return packet_.payload.count + packet_.overhead.count; }
  Queue& queue_of(std::uint32_t link) { return queues_[queues_[link].shared]; }
  const Capacity& capacity_of(std::uint32_t link) const {
    return capacities_[queues_[link].shared];
  }

  PacketConfig packet_;
  std::vector<Message> messages_;
  std::vector<Entry> entries_;
  std::vector<Queue> queues_;
  std::vector<Capacity> capacities_;
  std::vector<Buffer> buffers_;  // by link; empty without limits
  std::vector<Bucket> buckets_;  // by link; empty without any
  std::vector<Tokens> before_;   // by slot; the link's tokens before the entry
  std::vector<Sent> sent_;
  std::vector<std::int64_t> dropped_;
  mutable std::vector<LinkStatistics> reported_;  // with the time that links are down right now
};

}  // namespace understudy
