// A device in virtual time: charges what its profile declares, or what the body took, on the
// scenario's clock.
#pragma once

#include <memory>
#include <vector>

#include "runtime/node/device.hpp"
#include "sim/device/profile.hpp"
#include "sim/time/scheduler.hpp"
#include "sim/world/compute_pool.hpp"
#include "sim/world/recycled.hpp"
#include "sim/world/event_trace.hpp"

namespace understudy {

// When each stream of the hardware is free again. Nodes that share a device share this, and so
// queue for it.
struct DeviceQueue {
  TimePoint free[2] = {kStart, kStart};
};

// One node's use of a device. Marks fire at their share of the cost. The body runs on the pool from
// the moment of start(); the clock reaches the first mark, or the end, only once the body has
// ended.
class VirtualDevice final : public Device, PendingWork {
 public:
  struct Options {
    DeviceProfile profile;
    CostKind cost = CostKind::kProfile;
    double factor = 1;            // measured: device time = thread CPU time x factor
    ComputePool* pool = nullptr;  // nullptr: bodies run in place
    Rank rank{};
    EventTrace* trace = nullptr;  // told of every computation; nullptr: nobody is
  };
  VirtualDevice(Scheduler& scheduler, DeviceQueue& queue, Options options);
  ~VirtualDevice() override;

  ComputePlan plan(const Cost& cost) const override;
  void start(ComputeOperation& operation) override;

  // Time charged so far, by phase.
  const std::array<Duration, kPhases>& busy() const { return busy_; }
  void restore(const std::array<Duration, kPhases>& busy) { busy_ = busy; }

 private:
  struct Running;
  void settle() override;
  void run_in_place(const ComputeBody& body);
  void schedule(Running& running, Duration total);
  void trace(const Running& running) const;
  // Past the end of time the run fails, and the computation ends at once.
  TimePoint end_of(TimePoint begin, Duration total);
  Duration measured_time(const Running& running);
  Running& acquire();

  Scheduler& scheduler_;
  DeviceQueue& queue_;
  Options options_;
  std::array<Duration, kPhases> busy_{};
  Recycled<Running> running_;
  std::vector<Running*> unsettled_;  // measured: waiting for their duration, in order of start
};

}  // namespace understudy
