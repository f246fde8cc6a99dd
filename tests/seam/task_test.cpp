// Tasks on the virtual scheduler: order, cancellation, depth, failure.
#include <gtest/gtest.h>

#include "runtime/base/sleep.hpp"
#include "runtime/base/spawn.hpp"
#include "sim/time/scheduler.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

Task<int> answer() { co_return 42; }
Task<> nothing() { co_return; }

Task<> append_at(Executor& executor, TimePoint when, int what, std::vector<int>& out) {
  co_await SleepUntil(executor, when);
  out.push_back(what);
}

TEST(Task, ReturnsItsValueToWhoAwaits) {
  Scheduler scheduler;
  int got = 0;
  auto program = [](int& out) -> Task<> { out = co_await answer(); };
  spawn(scheduler, program(got));
  scheduler.run();
  EXPECT_EQ(got, 42);
}

TEST(Task, ResumesInOrderOfTimeThenSequence) {
  Scheduler scheduler;
  std::vector<int> order;
  spawn(scheduler, append_at(scheduler, kStart + 2ns, 3, order));
  spawn(scheduler, append_at(scheduler, kStart + 1ns, 1, order));
  spawn(scheduler, append_at(scheduler, kStart + 1ns, 2, order));
  scheduler.run();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_EQ(scheduler.now(), kStart + 2ns);
}

TEST(Task, AMillionReadyAwaitsDoNotGrowTheStack) {
  Scheduler scheduler;
  int count = 0;
  auto program = [](int& n) -> Task<> {
    for (int i = 0; i < 1'000'000; ++i) {
      co_await nothing();
      ++n;
    }
  };
  spawn(scheduler, program(count));
  scheduler.run();
  EXPECT_EQ(count, 1'000'000);
}

// Counts how often it is destroyed, as an aggregate with a member that owns something.
struct Owner {
  std::shared_ptr<int> owned;
};
Task<long> use_count(Owner owner) { co_return owner.owned.use_count(); }

TEST(Task, NamedAggregatesSurviveAnAwait) {
  Scheduler scheduler;
  auto owned = std::make_shared<int>(1);
  auto program = [](std::shared_ptr<int> p) -> Task<> {
    Owner named{p};
    co_await use_count(named);
    co_await use_count(std::move(named));
  };
  spawn(scheduler, program(owned));
  scheduler.run();
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(Task, CancellationUnwindsFromTheAwaitWhereItStands) {
  Scheduler scheduler;
  std::vector<std::string> log;
  auto sleeper = [](Executor& e, std::vector<std::string>& out) -> Task<> {
    try {
      co_await SleepUntil(e, kStart + 1h);
      out.push_back("woke");
    } catch (const TaskCancelled&) {
      out.push_back("cancelled");
      throw;
    }
  };
  auto program = [&sleeper](Scheduler& s, std::vector<std::string>& out) -> Task<> {
    auto child = spawn(s, sleeper(s, out));
    co_await SleepUntil(s, kStart + 1s);
    child.cancel();
    co_await child.ended();
    out.push_back("ended");
  };
  spawn(scheduler, program(scheduler, log));
  scheduler.run();
  EXPECT_EQ(log, (std::vector<std::string>{"cancelled", "ended"}));
  EXPECT_EQ(scheduler.now(), kStart + 1s);
}

TEST(Task, CancellingAParentCancelsWhatItWaitsForBeforeItsFrameGoes) {
  Scheduler scheduler;
  bool child_saw_parent_alive = false;
  struct Frame {
    bool alive = true;
    ~Frame() { alive = false; }
  };
  auto child = [](Executor& e, const Frame& frame, bool& seen) -> Task<> {
    try {
      co_await SleepUntil(e, kStart + 1h);
    } catch (const TaskCancelled&) {
      seen = frame.alive;
      throw;
    }
  };
  auto parent = [&child](Scheduler& s, bool& seen) -> Task<> {
    Frame frame;
    std::vector<Spawned<>> children;
    children.push_back(spawn(s, child(s, frame, seen)));
    co_await when_all(std::move(children));
  };
  auto program = [&parent](Scheduler& s, bool& seen) -> Task<> {
    auto p = spawn(s, parent(s, seen));
    co_await SleepUntil(s, kStart + 1s);
    p.cancel();
    co_await p.ended();
  };
  spawn(scheduler, program(scheduler, child_saw_parent_alive));
  scheduler.run();
  EXPECT_TRUE(child_saw_parent_alive);
}

TEST(Task, AFailureEndsTheRunAndUnwindsTheOthers) {
  Scheduler scheduler;
  bool unwound = false;
  auto other = [](Executor& e, bool& out) -> Task<> {
    struct AtExit {
      bool& flag;
      ~AtExit() { flag = true; }
    } at_exit{out};
    co_await SleepUntil(e, kStart + 1h);
  };
  auto failing = [](Executor& e) -> Task<> {
    co_await SleepUntil(e, kStart + 1s);
    throw RunError("it broke");
  };
  spawn(scheduler, other(scheduler, unwound));
  spawn(scheduler, failing(scheduler));
  EXPECT_THROW(scheduler.run(), RunError);
  EXPECT_TRUE(unwound);
  EXPECT_EQ(scheduler.now(), kStart + 1s);
}

TEST(Task, SaysWhatItWaitsForWhenNothingCanGoOn) {
  Scheduler scheduler;
  Event never;
  auto program = [](Event& e) -> Task<> { co_await e; };
  spawn(scheduler, program(never));
  try {
    scheduler.run();
    FAIL() << "a deadlock went unnoticed";
  } catch (const RunError& error) {
    EXPECT_STREQ(error.what(), "nothing can go on: a task waits for an event");
  }
}

TEST(Task, AnInterruptCancelsEverything) {
  Scheduler scheduler;
  std::atomic<bool> flag{false};
  scheduler.set_interrupt(&flag);
  auto program = [](Executor& e, std::atomic<bool>& stop) -> Task<> {
    for (int i = 1;; ++i) {
      co_await SleepUntil(e, kStart + i * 1s);
      if (i == 5) stop = true;
    }
  };
  spawn(scheduler, program(scheduler, flag));
  EXPECT_THROW(scheduler.run(), Interrupted);
  EXPECT_EQ(scheduler.now(), kStart + 5s);
}

TEST(EventQueue, CancelledTimersNeverFireAndSlotsAreReused) {
  struct Count final : Timer {
    int fired = 0;
    void fire() override { ++fired; }
  } a, b;
  EventQueue queue;
  queue.start(a, kStart + 1ns);
  queue.cancel(a);
  queue.start(b, kStart + 2ns);
  EXPECT_EQ(queue.next(), kStart + 2ns);
  EXPECT_EQ(queue.pop(kStart + 1ns), nullptr);
  EXPECT_EQ(queue.pop(kStart + 2ns), &b);
  EXPECT_EQ(queue.next(), kNever);
}

}  // namespace
}  // namespace understudy
