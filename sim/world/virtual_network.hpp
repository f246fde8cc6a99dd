// The virtual transport: messages between the nodes of one process, timed by a network model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/transport/transport.hpp"
#include "sim/network/network_model.hpp"
#include "sim/time/scheduler.hpp"
#include "sim/world/event_trace.hpp"

namespace understudy {

class VirtualNetwork final : public EventSource {
 public:
  // Both must outlive the network. Registers itself as the scheduler's source.
  VirtualNetwork(Scheduler& scheduler, const Topology& topology,
                 std::unique_ptr<NetworkModel> model);
  ~VirtualNetwork();

  // Tells it of every message, once that is received or lost. It must outlive the network.
  void set_trace(EventTrace* trace) { trace_ = trace; }

  // The endpoint of a rank of the topology's places, made when it is first asked for.
  Transport& endpoint(Rank rank);
  // Up to the present, to which it brings the model.
  std::span<const LinkStatistics> link_statistics();

  struct Sent {
    std::int64_t bytes = 0;
    std::int64_t messages = 0;
  };
  Sent sent(Rank rank) const;
  // Whether no message waits for somebody to receive it.
  bool everything_received() const;
  void restore_sent(Rank rank, const Sent& sent);
  // A sentence about somebody who waits for a message that was lost; empty where nobody does.
  std::string waits_for_what_was_lost() const;

  TimePoint next_event() override { return model_->next_event(); }
  void advance(TimePoint now) override;

 private:
  class Endpoint;
  Endpoint& endpoint_of(Rank rank);
  void send(Rank from, Rank to, Tag tag, Payload payload);

  struct InFlight {
    Rank to;
    Message message;
    TimePoint sent{};
    std::shared_ptr<const Activity> about{};  // of a run that is traced
  };
  struct Lost {
    Rank from, to;
    Tag tag;
    TimePoint at;
  };
  static constexpr std::size_t kMostRemembered = 4096;
  void lose(InFlight& flight);

  Scheduler& scheduler_;
  const Topology& topology_;
  std::unique_ptr<NetworkModel> model_;
  EventTrace* trace_ = nullptr;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::vector<InFlight> in_flight_;  // by TransferId
  std::vector<Completion> ended_;
  std::vector<Lost> lost_;  // the first ones
};

}  // namespace understudy
