// The executor seam: who resumes tasks, and what time it is. In virtual mode one scheduler resumes
// tasks in order of (time, sequence); in wall-clock modes an event loop does. Node code cannot tell
// which.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <vector>

#include "runtime/base/units.hpp"

namespace understudy {

// Something to be called at a time. Lives in whoever waits (an awaitable in a coroutine frame),
// which must cancel it before it goes away.
struct Timer {
  virtual void fire() = 0;
  std::uint32_t slot = kIdle;  // the executor's
  static constexpr std::uint32_t kIdle = UINT32_MAX;

 protected:
  ~Timer() = default;
};

struct TaskContext;

class Executor {
 public:
  virtual ~Executor() = default;
  virtual TimePoint now() const = 0;
  // Resumes the coroutine at the present time, after everything posted before. This, and not
  // symmetric transfer, is how tasks go on: a million ready awaits must not grow the stack.
  virtual void post(std::coroutine_handle<> task) = 0;
  // Calls timer.fire() at `when` (not before now). A timer waits once at a time.
  virtual void start(Timer& timer, TimePoint when) = 0;
  virtual void cancel(Timer& timer) = 0;
  // A task ended by an exception: the run fails with the first of them.
  virtual void fail(std::exception_ptr error) = 0;

 protected:
  Executor() = default;
  // Another clock over the tasks of another executor.
  struct TasksOf {
    Executor& other;
  };
  explicit Executor(TasksOf tasks) : live_(tasks.other.live_) {}
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  // Tasks that have not ended, in an order that depends only on what tasks did.
  const std::vector<TaskContext*>& live() const { return *live_; }

 private:
  friend struct TaskContext;
  std::vector<TaskContext*> own_;
  std::vector<TaskContext*>* live_ = &own_;
};

}  // namespace understudy
