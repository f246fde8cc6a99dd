// However far apart nodes are when they are asked to stop, they stop at one point of their own.
#include <gtest/gtest.h>

#include "runtime/base/sleep.hpp"
#include "runtime/base/spawn.hpp"
#include "sim/emulation/worker_gate.hpp"
#include "sim/time/scheduler.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

struct Walker {
  explicit Walker(Scheduler& s, Duration p) : scheduler(s), pace(p), gate([this] { ++arrivals; }) {}
  Task<> walk(int points) {
    for (step = 1; step <= points; ++step) {
      co_await SleepUntil(scheduler, scheduler.now() + pace);
      const Stop stop = step % 100 == 0 ? Stop::kAlways : Stop::kIfAsked;
      if (gate.stops(Rank{0}, stop))
        co_await gate.reach(Rank{0}, [this] { return std::to_string(step); });
    }
  }
  Scheduler& scheduler;
  Duration pace;
  int step = 0;
  int arrivals = 0;
  WorkerGate gate;
};

// The slow one passes 5 points by 50 ms, the fast one 16: both stop after 17.
TEST(WorkerGate, AllStopAtTheTarget) {
  Scheduler scheduler;
  Walker slow(scheduler, 10ms), fast(scheduler, 3ms);
  std::vector<std::string> states;
  const auto coordinate = [&]() -> Task<> {
    co_await SleepUntil(scheduler, kStart + 50500us);
    const std::int64_t furthest = std::max(slow.gate.hold(), fast.gate.hold());
    EXPECT_EQ(furthest, 16);
    co_await SleepUntil(scheduler, kStart + 90ms);  // the answer takes its time
    EXPECT_EQ(fast.step, 17);                       // it passes no further point
    slow.gate.set_target(furthest + 1);
    fast.gate.set_target(furthest + 1);
    co_await SleepUntil(scheduler, kStart + 1s);
    states = {slow.gate.state(), fast.gate.state()};
    EXPECT_TRUE(slow.gate.is_waiting() && fast.gate.is_waiting());
    slow.gate.open();
    fast.gate.open();
  };
  const auto a = spawn(scheduler, slow.walk(30));
  const auto b = spawn(scheduler, fast.walk(30));
  const auto c = spawn(scheduler, coordinate());
  scheduler.run();
  EXPECT_EQ(states, (std::vector<std::string>{"17", "17"}));
  EXPECT_EQ(slow.arrivals, 1);
  EXPECT_EQ(fast.arrivals, 1);
}

TEST(WorkerGate, GoesOnWhereNobodyAsks) {
  Scheduler scheduler;
  Walker walker(scheduler, 1ms);
  const auto walking = spawn(scheduler, walker.walk(99));
  scheduler.run();
  EXPECT_EQ(walker.arrivals, 0);
}

}  // namespace
}  // namespace understudy
