// The event loop of a process on the wall's clock: its time, its tasks and its sockets.
#pragma once

#include <sys/prctl.h>

#include "runtime/transport/zmq_hub.hpp"
#include "sim/time/scheduler.hpp"

namespace understudy {

class WallLoop {
 public:
  using Origin = std::chrono::steady_clock::time_point;
  // How much of a wait is watched, not slept: a timer would be some 60 us late.
  static constexpr Duration kWatched = std::chrono::microseconds{60};

  // `origin`: 0 on the clock.
  explicit WallLoop(Security security, Origin origin = std::chrono::steady_clock::now())
      : hub(real_time, std::move(security)) {
    real_time.start_at(origin);
    wall.hold_to(&real_time);
  }
  ~WallLoop() {
    if (exact_) prctl(PR_SET_TIMERSLACK, 0);  // the thread's own again
  }
  // For messages that are to be in time. Of the calling thread.
  void keep_exact() {
    exact_ = true;
    prctl(PR_SET_TIMERSLACK, 1);
    real_time.watch_last(kWatched);
  }

  RealTime real_time;
  Scheduler wall;
  ZmqHub hub;

 private:
  bool exact_ = false;
};

}  // namespace understudy
