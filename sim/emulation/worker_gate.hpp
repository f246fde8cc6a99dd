// A worker's side of safe points: it stops where all do, and where the coordinator asks all to.
//
// To stop all nodes at one point of their own, the coordinator first has them hold: each says how
// many points it has passed and passes one more at most. Then it names the point after the furthest
// of them as the target. Nobody can be beyond it, and everybody comes to it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "runtime/base/event.hpp"
#include "runtime/node/node.hpp"

namespace understudy {

class WorkerGate final : public SafePoints {
 public:
  // `arrive` tells the coordinator that the node stands at a safe point.
  explicit WorkerGate(std::function<void()> arrive) : arrive_(std::move(arrive)) {}

  bool stops(Rank, Stop stop) override;
  Task<> reach(Rank, std::function<std::string()> state) override;
  std::optional<std::string> restored(Rank) const override { return restored_; }
  void restore(std::string state) { restored_ = std::move(state); }

  // What the coordinator says.
  std::int64_t hold();  // returns how many points have been passed
  void set_target(std::int64_t point);
  void open();

  bool is_waiting() const { return static_cast<bool>(state_); }
  // Of the node that waits.
  std::string state() const { return state_ ? state_() : std::string(); }

 private:
  std::function<void()> arrive_;
  std::optional<std::string> restored_;
  std::function<std::string()> state_;
  std::int64_t passed_ = 0;
  std::optional<std::int64_t> limit_, target_;
  bool only_if_asked_ = false;  // the point that the node is at
  Event target_known_, opened_;
};

}  // namespace understudy
