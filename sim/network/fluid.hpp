// Transfers as fluids: after the latency of the whole route a transfer flows through all of its
// links at once, at a rate that a derived model decides. A link that is down holds up what flows,
// not what is still in its latency. Links of one medium have one bandwidth and go down together.
//
// Statistics: a transfer is on its links while it flows. Its queueing is the time that it flowed
// beyond size / (smallest bandwidth of the route), booked on the links that held it back.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "sim/network/event_model.hpp"
#include "sim/network/network_config.hpp"

namespace understudy {

class FluidModel : public EventModel {
 public:
  TransferId start(const Transfer& transfer, TimePoint now) final;
  void set_link(LinkId link, const LinkState& state, TimePoint now) final;
  std::span<const LinkStatistics> statistics() const final;

 protected:
  struct Flow {
    std::span<const LinkId> route;
    double size = 0;        // bytes on the wire
    double left = 0;        // bytes not yet sent at `since`
    double rate = 0;        // bytes/s from `since` on
    double alone_rate = 0;  // bytes/s that its links would give it if they were up and idle
    double weight = 1;
    double cap = 0;  // bytes/s
    TimePoint since{};
    double booked_left = 0;  // `left` when its wait was last booked
    TimePoint booked_at{};
    std::uint32_t held_by = 0;   // the link that decides its rate
    bool flowing = false;        // false: still in its latency, or not under way
    std::uint32_t pool = kNone;  // whose level decides its rate, in place of `rate`
    double pool_end = 0;         // the pool's service when all is sent
  };
  struct FluidLink {
    double bytes_per_s = 0;
    bool up = true;
    std::uint32_t flows = 0;  // that flow through it
    Duration latency{0};
    TimePoint busy_since{};
    TimePoint down_since{};
    double capacity() const { return up ? bytes_per_s : 0; }
  };

  FluidModel(const Topology& topology, const PacketConfig& packet);

  // The flow is about to start, with the route's latency: its weight and cap may still be changed.
  virtual void starting(Flow&, Duration) {}
  // The flow has begun to flow, or has stopped: give it, and all whom that touches, their rates, at
  // once or in settle().
  virtual void joined(Slot slot) = 0;
  virtual void left(Slot slot) = 0;
  // The link has changed: likewise, and refresh() all that flow through it.
  virtual void changed(LinkId link) = 0;

  void set_rate(Slot slot, double rate, std::uint32_t held_by);
  // Gives the flow the rate that it would have alone.
  void set_rate_alone(Slot slot);
  // From now on its rate is weight x the level of the pool (any number), until it is given one.
  void follow(Slot slot, std::uint32_t pool, std::uint32_t held_by);
  void set_level(std::uint32_t pool, double level);
  // Links of the flow may have another bandwidth.
  void refresh(Slot slot);
  Flow& flow(Slot slot) { return flows_[slot]; }
  const FluidLink& link(std::uint32_t id) const { return links_[id]; }
  std::size_t flow_slots() const { return flows_.size(); }
  std::size_t link_count() const { return links_.size(); }

 private:
  // Flows that share one level, as in generalised processor sharing (Parekh and Gallager, IEEE/ACM
  // Transactions on Networking 1(3), 1993): what a flow has left is weight x (its end - service), so
  // that a new level changes neither ends nor their order. Only the first has an appointment.
  struct Pool {
    double level = 0;    // bytes/s for a weight of 1
    double service = 0;  // bytes for a weight of 1, until `since`
    TimePoint since{};
    std::set<std::pair<double, Slot>> ends;
    double appointed = 0;  // up to this end flows have appointments
    double service_at(TimePoint now) const { return service + level * to_seconds(now - since); }
  };

  void due(Slot slot) final;
  void drop(Slot slot) final;
  void begin_flowing(Slot slot);
  void stop_flowing(Slot slot, bool delivered);
  double left_now(const Flow& flow) const;
  void bring_up_to_date(Flow& flow);
  void set_holder(Flow& flow, std::uint32_t held_by);
  void leave_pool(Slot slot);
  Duration unbooked_wait(const Flow& flow) const;
  void book_wait(Flow& flow);
  void set_one_link(std::uint32_t id, const LinkState& state);
  Duration latency(std::span<const LinkId> route) const;
  double slowest_link(const Flow& flow) const;

  PacketConfig packet_;
  std::vector<Flow> flows_;
  std::vector<Pool> pools_;
  std::vector<FluidLink> links_;
  std::vector<std::optional<MediumId>> media_;  // by link
  std::vector<std::vector<std::uint32_t>> links_of_medium_;
  std::vector<LinkStatistics> statistics_;
  mutable std::vector<LinkStatistics> reported_;  // with what is busy right now
};

}  // namespace understudy
