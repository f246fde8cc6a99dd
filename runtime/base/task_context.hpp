// What the executor and awaitables know of a task: where it stands, and how to cancel it there.
#pragma once

#include <coroutine>
#include <string>

#include "runtime/base/executor.hpp"

namespace understudy {

struct TaskCancelled {};

// An await that is suspended: can be told to end early, and say what it waits for.
class Suspension {
 public:
  // Withdraws from whatever was waited for; the caller resumes the task. False: this wait can't end
  // early.
  virtual bool cancel() = 0;
  virtual std::string describe() const = 0;
  // Whether it ends in its own time, whatever other tasks do.
  virtual bool ends_by_itself() const { return false; }

 protected:
  ~Suspension() = default;
};

// One spawned task and everything that it awaits directly: a logical thread. Known to its executor
// while alive.
struct TaskContext {
  explicit TaskContext(Executor& e) : executor(e), place(e.live_->size()) {
    e.live_->push_back(this);
  }
  ~TaskContext() { retire(); }
  TaskContext(const TaskContext&) = delete;
  TaskContext& operator=(const TaskContext&) = delete;
  void retire() {
    if (place == kRetired) return;
    std::vector<TaskContext*>& live = *executor.live_;
    live[place] = live.back();
    live[place]->place = place;
    live.pop_back();
    place = kRetired;
  }

  static constexpr std::size_t kRetired = SIZE_MAX;
  Executor& executor;
  std::size_t place;                 // in the executor's list of tasks alive
  Suspension* suspension = nullptr;  // where it stands, unless running or ready
  std::coroutine_handle<> leaf;      // what to resume there
  bool cancelled = false;

  // For awaitables: stand at `where` until resume().
  void suspend(Suspension& where, std::coroutine_handle<> handle) {
    suspension = &where;
    leaf = handle;
  }
  void resume() {
    suspension = nullptr;
    executor.post(leaf);
  }
  // First in every await_resume.
  void throw_if_cancelled() const {
    if (cancelled) throw TaskCancelled{};
  }
  void cancel() {
    cancelled = true;
    if (suspension != nullptr && suspension->cancel()) resume();
  }
};

}  // namespace understudy
