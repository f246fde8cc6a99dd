// A device in wall-clock time: a computation runs on a thread of its own, beside the event loop, and
// is over on the scenario's clock when its profile says so, or when it has ended, whichever is later.
#pragma once

#include <memory>
#include <vector>

#include "runtime/node/device.hpp"
#include "sim/device/profile.hpp"
#include "sim/time/emulated_clock.hpp"
#include "sim/time/inbox.hpp"
#include "sim/world/compute_pool.hpp"
#include "sim/world/recycled.hpp"

namespace understudy {

// Bodies that took longer than their device would have, by more than a timer's error.
struct Overruns {
  std::int64_t count = 0;
  Duration total{0};  // on the scenario's clock
};

// Marks fire at their share of the cost, and not before the body has produced them. A body that
// produces none has produced all of them at its end. `measured`: the time is the thread's CPU time x
// factor, and marks fire when they are produced; what has no body takes what the profile says, unless
// nothing is injected.
class WallDevice final : public Device {
 public:
  struct Options {
    DeviceProfile profile;
    CostKind cost = CostKind::kProfile;
    double factor = 1;
    bool injects = true;  // false: nothing takes longer than it does
  };
  // All must outlive the device, and what has been started.
  WallDevice(EmulatedClock& clock, Inbox& inbox, ComputePool& pool, Options options);
  ~WallDevice() override;

  ComputePlan plan(const Cost& cost) const override;
  void start(ComputeOperation& operation) override;

  bool is_busy() const { return under_way_ > 0; }
  // Time charged so far, by phase.
  const std::array<Duration, kPhases>& busy() const { return busy_; }
  void restore(const std::array<Duration, kPhases>& busy) { busy_ = busy; }
  const Overruns& overruns() const { return overruns_; }

 private:
  struct Running;
  Running& acquire();
  void submit(Running& running);
  void charge(const Running& running, Duration taken);

  EmulatedClock& clock_;
  Inbox& inbox_;
  ComputePool& pool_;
  Options options_;
  TimePoint free_[2] = {kStart, kStart};  // by stream
  std::array<Duration, kPhases> busy_{};
  Overruns overruns_;
  int under_way_ = 0;
  Recycled<Running> running_;
};

}  // namespace understudy
