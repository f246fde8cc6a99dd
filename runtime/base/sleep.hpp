// Waiting for a time.
#pragma once

#include <coroutine>
#include <string>

#include "runtime/base/task_context.hpp"

namespace understudy {

// Suspends until the time comes.
class SleepUntil final : Timer, Suspension {
 public:
  SleepUntil(Executor& executor, TimePoint when) : executor_(executor), when_(when) {}
  bool await_ready() const { return when_ <= executor_.now(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    context_ = handle.promise().context;
    if (context_->cancelled) return executor_.post(handle);
    executor_.start(*this, when_);
    context_->suspend(*this, handle);
  }
  void await_resume() const {
    if (context_ != nullptr) context_->throw_if_cancelled();
  }

 private:
  void fire() override { context_->resume(); }
  bool cancel() override {
    executor_.cancel(*this);
    return true;
  }
  std::string describe() const override { return "a time"; }
  bool ends_by_itself() const override { return true; }
  Executor& executor_;
  TimePoint when_;
  TaskContext* context_ = nullptr;
};

}  // namespace understudy
