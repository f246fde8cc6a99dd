// What tasks wait for each other by.
#pragma once

#include <utility>
#include <vector>

#include "runtime/base/task_context.hpp"

namespace understudy {

// A value that arrives once. Any number of tasks may wait; it can be set before or after. Not
// thread-safe.
class Event {
 public:
  bool is_set() const { return set_; }
  void set() {
    set_ = true;
    for (Waiter* waiter : std::exchange(waiters_, {})) waiter->context->resume();
  }
  void reset() { set_ = false; }

  struct Waiter final : Suspension {
    Waiter(Event& e, bool can_cancel) : event(e), cancellable(can_cancel) {}
    Event& event;
    bool cancellable;
    TaskContext* context = nullptr;
    bool await_ready() const { return event.set_; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) {
      context = handle.promise().context;
      if (context->cancelled && cancellable) return context->executor.post(handle);
      event.waiters_.push_back(this);
      context->suspend(*this, handle);
    }
    void await_resume() const {
      if (context != nullptr && cancellable) context->throw_if_cancelled();
    }
    bool cancel() override { return cancellable && std::erase(event.waiters_, this) > 0; }
    std::string describe() const override { return "an event"; }
  };
  Waiter operator co_await() { return Waiter(*this, true); }
  // Waits even where the waiting task has been cancelled: for cleaning up.
  Waiter shielded() { return Waiter(*this, false); }

 private:
  std::vector<Waiter*> waiters_;
  bool set_ = false;
};

}  // namespace understudy
