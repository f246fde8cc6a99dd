// Store and forward: at every directed link of its route a message waits until the ones before it
// have been sent (first in, first out; at one instant in the order of their start), takes size /
// bandwidth, and reaches the link's far end a latency later. Departures are computed on arrival and
// revised when the link changes or a message before is cancelled. A link that is down sends
// nothing; what has left it arrives.
//
// Statistics count a message when it reaches the link's far end. Its queueing is the time from its
// arrival at the link to its departure beyond size / bandwidth.
#pragma once

#include <span>
#include <vector>

#include "sim/network/event_model.hpp"

namespace understudy {

class QueuedModel final : public EventModel {
 public:
  explicit QueuedModel(const Topology& topology);

  TransferId start(const Transfer& transfer, TimePoint now) override;
  void set_link(LinkId link, const LinkState& state, TimePoint now) override;
  bool needs(TransferId id, LinkId link) const override;
  std::span<const LinkStatistics> statistics() const override { return statistics_; }

 private:
  struct Message {
    std::span<const LinkId> route;
    double size = 0;        // bytes
    double left = 0;        // bytes that are not yet sent on this link at `begin`
    std::uint32_t hop = 0;  // which link of the route it is on
    std::uint32_t previous = kNone, next = kNone;  // on that link, in order of arrival
    TimePoint arrival{};                           // at this link
    TimePoint first_begin{};                       // when sending began
    TimePoint begin{};                             // when sending began or was last revised
    TimePoint departure{};                         // of its last byte
  };
  struct Queue {
    double bytes_per_s = 0;
    bool up = true;
    Duration latency{0};
    TimePoint free_at{};  // departure of the last message
    std::uint32_t first = kNone, last = kNone;
    double capacity() const { return up ? bytes_per_s : 0; }
  };

  void due(Slot slot) override;
  void drop(Slot slot) override;
  void enter(Slot slot);
  void leave(Slot slot);
  void count_sent(const Message& message);
  void schedule(Slot slot, const Queue& queue);
  void hold(Queue& queue);
  void resume(Queue& queue);

  std::vector<Message> messages_;
  std::vector<Queue> queues_;  // by link
  std::vector<LinkStatistics> statistics_;
};

}  // namespace understudy
