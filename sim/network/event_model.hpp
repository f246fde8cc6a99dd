// What the network models have in common: transfers in reusable slots, each with at most one
// appointment, and the loop that keeps them. Transfers that are due at one instant are served in
// the order of their start; what changes at one instant is settled once, when time is about to move
// on.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "sim/network/agenda.hpp"
#include "sim/network/network_model.hpp"

namespace understudy {

class EventModel : public NetworkModel {
 public:
  void cancel(TransferId id, TimePoint now) final;
  TimePoint next_event() final;
  void advance(TimePoint now, std::vector<Completion>& ended) final;

 protected:
  using Slot = std::uint32_t;
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  // A transfer's appointment has come. Ends it by end(), or makes its next one.
  virtual void due(Slot slot) = 0;
  // A transfer under way goes without a completion; its appointment is already cleared.
  virtual void drop(Slot slot) = 0;
  // Called, where settle_later() asked for it, after all that happens at now() and before time
  // moves on.
  virtual void settle() {}
  // How a transfer that has ended is reported.
  virtual Completion completion(Slot slot) const { return {TransferId{slot}}; }

  // Serves what is due up to and including now; what ends waits for the next advance().
  void run_until(TimePoint now);
  TimePoint now() const { return now_; }
  Agenda& agenda() { return agenda_; }
  void settle_later() { unsettled_ = true; }
  // Reuses the last one freed, or is one more than all before. With `parts` there are as many
  // places for it in the order of starts: its own, and one for each take_part().
  Slot take_slot(std::int64_t parts = 1);
  // A slot for a part of a transfer, never handed out: it takes the transfer's place in the order,
  // and the transfer the one after it.
  Slot take_part(Slot whole);
  void release(Slot part);
  void end(Slot slot);

 private:
  enum class State : std::uint8_t { kFree, kUnderWay, kEnded };
  struct Record {
    std::uint64_t sequence = 0;  // counts starts
    State state = State::kFree;
  };

  void serve_next_instant();
  void sort_by_start(std::vector<Slot>& slots) const;

  TimePoint now_ = kStart;
  Agenda agenda_;
  std::vector<Record> records_;
  std::vector<Slot> free_;
  std::vector<Slot> due_;
  std::vector<Slot> ended_;       // not yet handed out
  std::vector<Slot> handed_out_;  // by the last advance(); the caller may still look them up
  std::uint64_t starts_ = 0;
  bool unsettled_ = false;
};

// t + seconds to the nearest picosecond. A time past the end of the clock is kNever: the transfer
// stands still unless a link gets faster.
inline TimePoint after(TimePoint t, double seconds) {
  if (t == kNever) return kNever;
  const double ps = seconds * 1e12 + 0.5;
  if (!(ps < static_cast<double>((kNever - t).count()))) return kNever;
  return t + Duration{static_cast<std::int64_t>(ps)};
}

}  // namespace understudy
