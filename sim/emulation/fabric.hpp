// The emulated network of a run on the wall's clock: payloads travel directly between the workers,
// and this decides when each arrives. A network model is told of every message at the time at which
// it was sent, which is a little ago, and is run a little ahead of the clock, so that the receiver
// knows the time of arrival before it comes.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "sim/network/network_model.hpp"
#include "sim/time/emulated_clock.hpp"
#include "sim/time/scheduler.hpp"

namespace understudy {

class Fabric final : public EventSource {
 public:
  struct Arrival {
    std::uint64_t number = 0;
    Rank from, to;
    TimePoint when;
    bool delivered = true;
  };
  // How much earlier than it arrives a message's time is decided. What others send in this time can't
  // change it any more: a decision would otherwise be late by the way to the receiver.
  static constexpr Duration kLead = std::chrono::microseconds{200};  // on the wall's clock

  // All must outlive the fabric. `decided` is called once for each message whose ends are not lost.
  Fabric(const Executor& wall, EmulatedClock& clock, const Topology& topology,
         std::unique_ptr<NetworkModel> model, std::function<void(const Arrival&)> decided);

  void set_out(std::uint64_t number, Rank from, Rank to, Bytes size, TimePoint sent);
  // Nobody hears any more of what it sent or is sent.
  void lose(Rank rank);

  std::size_t under_way() const { return under_way_; }
  TimePoint decided_until() const { return now_; }
  std::span<const LinkStatistics> link_statistics() const { return model_->statistics(); }
  // By how much messages seemed to be sent later than they were, as the network had been decided
  // beyond that: the largest, on the scenario's clock.
  Duration latest_start() const { return latest_start_; }

  // While nothing is under way the network stands still.
  TimePoint next_event() override;
  void advance(TimePoint wall) override;

 private:
  struct UnderWay {
    std::uint64_t number = 0;
    Rank from, to;
    bool wanted = false;
  };
  const Executor& wall_;
  EmulatedClock& clock_;
  const Topology& topology_;
  std::unique_ptr<NetworkModel> model_;
  std::function<void(const Arrival&)> decided_;
  std::vector<UnderWay> transfers_;  // by TransferId
  std::size_t under_way_ = 0;
  std::set<Rank> lost_;
  TimePoint now_ = kStart;  // of the model
  Duration latest_start_{0};
  std::vector<Completion> ended_;
};

}  // namespace understudy
