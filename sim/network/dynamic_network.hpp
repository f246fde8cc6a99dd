// A network under change: traces and faults set the links of the model inside, and traffic of others
// crosses them.
//
// Most sources of change never end, and nobody waits for them. So time is lazy: while no transfer
// that start() accepted is under way, there is no next event, and nothing keeps a simulation from
// its end or from noticing a deadlock. What has happened since is caught up with, in order of time,
// as soon as somebody asks for a present: the same calls of the model inside, in the same order, as
// if every event had been waited for.
//
// At one instant transfers end first, then links change, then background messages start. When a
// link goes down for good, what still has to cross it is lost, and so is what starts over it later.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sim/network/background.hpp"
#include "sim/network/link_timeline.hpp"
#include "sim/network/network_model.hpp"

namespace understudy {

class DynamicNetwork final : public NetworkModel {
 public:
  DynamicNetwork(std::unique_ptr<NetworkModel> model, LinkTimeline timeline,
                 BackgroundTraffic background);

  TransferId start(const Transfer& transfer, TimePoint now) override;
  void cancel(TransferId id, TimePoint now) override;
  // What the link is without its trace and faults.
  void set_link(LinkId link, const LinkState& state, TimePoint now) override;
  TimePoint next_event() override;
  // Throws RunError for background traffic that exceeds what its links carry; so do the others that
  // move time.
  void advance(TimePoint now, std::vector<Completion>& ended) override;
  std::span<const LinkStatistics> statistics() const override { return model_->statistics(); }

 private:
  using Slot = std::uint32_t;
  enum class State : std::uint8_t { kFree, kUnderWay, kEnded };
  // A transfer that start() accepted.
  struct Flight {
    std::span<const LinkId> route{};
    Bytes size{};
    TransferId inside{};  // while under way
    std::uint64_t sequence = 0;
    State state = State::kFree;
  };
  // Whose a transfer of the model inside is.
  struct Owner {
    enum class Kind : std::uint8_t { kNone, kFlight, kBackground } kind = Kind::kNone;
    std::uint32_t number = 0;  // of the flight or the background's source
    std::span<const LinkId> route{};
  };

  TimePoint next_inside();
  void run_until(TimePoint now);
  void run_before_change(TimePoint now);
  void serve(TimePoint now);
  void start_inside(const Transfer& transfer, const Owner& owner);
  Owner disown(TransferId inside);
  void take_ended();
  void change_links();
  void lose_across(LinkId link);
  void end(Slot slot, const Completion& completion);

  std::unique_ptr<NetworkModel> model_;
  LinkTimeline timeline_;
  BackgroundTraffic background_;
  TimePoint now_ = kStart;
  std::vector<bool> gone_;  // by link: down for good
  std::vector<Flight> flights_;
  std::vector<Owner> owners_;  // by TransferId of the model inside
  std::size_t under_way_ = 0;  // flights
  std::uint64_t starts_ = 0;
  std::vector<Slot> free_;
  std::vector<Completion> ended_;  // not yet handed out
  std::vector<Slot> handed_out_;   // by the last advance(); the caller may still look them up
  std::vector<Completion> inside_ended_;
};

}  // namespace understudy
