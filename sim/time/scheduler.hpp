// The executor of a world: resumes tasks in order of (time, sequence), on the thread that calls
// run(). Time moves only when nothing is left to do at the present instant: it jumps to the next
// event, or, held to real time, waits for it.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "runtime/base/errors.hpp"
#include "runtime/base/executor.hpp"
#include "sim/time/event_queue.hpp"
#include "sim/time/real_time.hpp"

namespace understudy {

// Something with events of its own on the same clock: the network.
class EventSource {
 public:
  virtual TimePoint next_event() = 0;  // kNever: nothing to come
  virtual void advance(TimePoint now) = 0;

 protected:
  ~EventSource() = default;
};

// Work whose duration is known only once it has run: asked before time moves on.
class PendingWork {
 public:
  virtual void settle() = 0;

 protected:
  ~PendingWork() = default;
};

class Scheduler final : public Executor {
 public:
  explicit Scheduler(TimePoint start = kStart) : now_(start) {}
  ~Scheduler() override;

  // At equal times the source comes before timers.
  void set_source(EventSource* source) { source_ = source; }
  // Time no longer jumps.
  void hold_to(RealTime* real_time) { real_time_ = real_time; }
  // Set from a signal handler or another thread: run() cancels every task and throws Interrupted.
  void set_interrupt(const std::atomic<bool>* flag) { interrupt_ = flag; }
  void settle_before_advancing(PendingWork& work) { pending_.push_back(&work); }

  // Runs until every task has ended. Rethrows the first failure; throws RunError naming what each
  // task waits for when none of them can go on, or TransportError where it is known why. Afterwards
  // no task is alive.
  void run();

  // What to try when nothing more can happen but tasks still wait; true: something was posted.
  void set_idle_hook(std::function<bool()> hook) { idle_hook_ = std::move(hook); }

  // Asked when nothing can go on: who is to blame, as a sentence for a TransportError; empty: nobody
  // outside of the tasks.
  void set_blame_hook(std::function<std::string()> hook) { blame_hook_ = std::move(hook); }

  TimePoint now() const override { return now_; }
  void post(std::coroutine_handle<> task) override { ready_.push_back(task); }
  void start(Timer& timer, TimePoint when) override {
    timers_.start(timer, when < now_ ? now_ : when);
  }
  void cancel(Timer& timer) override { timers_.cancel(timer); }
  void fail(std::exception_ptr error) override;
  // What run() is going to throw, once all tasks have ended; null: nothing yet.
  const std::exception_ptr& error() const { return error_; }

 private:
  // Resumes what is ready; `until_interrupted` stops early at an interrupt.
  void drain_ready(bool until_interrupted);
  // Lets computations, the network and time go on; an exception fails the run. False: nothing to do.
  bool go_on(bool with_idle_hook);
  bool interrupted() const {
    return interrupt_ != nullptr && interrupt_->load(std::memory_order_relaxed);
  }
  bool settle();
  bool advance();
  void cancel_everything();
  void report_deadlock();

  TimePoint now_;
  EventQueue timers_;
  std::vector<std::coroutine_handle<>> ready_;
  std::size_t next_ready_ = 0;
  std::vector<PendingWork*> pending_;
  EventSource* source_ = nullptr;
  RealTime* real_time_ = nullptr;
  const std::atomic<bool>* interrupt_ = nullptr;
  std::function<bool()> idle_hook_;
  std::function<std::string()> blame_hook_;
  std::exception_ptr error_;
};

// The user asked to stop.
class Interrupted : public Error {
 public:
  Interrupted() : Error(ExitCode::kInterrupted, "interrupted") {}
};

}  // namespace understudy
