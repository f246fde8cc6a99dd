#include "sim/time/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/base/task_context.hpp"

namespace understudy {
namespace {

constexpr int kMostPasses = 1'000'000;

}  // namespace

Scheduler::~Scheduler() { cancel_everything(); }

void Scheduler::fail(std::exception_ptr error) {
  if (!error_) error_ = std::move(error);
}

void Scheduler::run() {
  for (;;) {
    drain_ready(true);
    if (!error_ && interrupted()) fail(std::make_exception_ptr(Interrupted()));
    if (error_ || live().empty()) break;
    if (!go_on(true) && !error_) report_deadlock();
  }
  cancel_everything();
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

// First in, first out; what is posted meanwhile belongs to the same instant.
void Scheduler::drain_ready(bool until_interrupted) {
  while (next_ready_ < ready_.size()) {
    if (until_interrupted && interrupted()) return;
    const auto task = ready_[next_ready_++];
    task.resume();
    if (next_ready_ == ready_.size()) {
      ready_.clear();
      next_ready_ = 0;
    }
  }
}

// An exception out of these is a time past the end of time, say; the world must still stand when the
// tasks unwind.
bool Scheduler::go_on(bool with_idle_hook) {
  try {
    return settle() || advance() || (with_idle_hook && idle_hook_ && idle_hook_());
  } catch (...) {
    fail(std::current_exception());
    source_ = nullptr;  // not to fail again while tasks unwind
    return !live().empty();
  }
}

bool Scheduler::settle() {
  if (pending_.empty()) return false;
  for (PendingWork* work : std::exchange(pending_, {})) work->settle();
  return true;
}

bool Scheduler::advance() {
  const TimePoint source_time = source_ != nullptr ? source_->next_event() : kNever;
  TimePoint next = std::min(source_time, timers_.next());
  const bool from_outside = real_time_ != nullptr && real_time_->watches();
  if (next == kNever && !from_outside) return false;
  if (real_time_ != nullptr) next = real_time_->wait(now_, next);
  now_ = next;
  if (real_time_ != nullptr) real_time_->dispatch();
  if (source_time == next) source_->advance(next);
  while (Timer* timer = timers_.pop(next)) timer->fire();
  return true;
}

void Scheduler::cancel_everything() {
  // Unwinding tasks may start others; each pass cancels what is alive by then. A computation can't
  // be called back, so time goes on until it has ended.
  bool goes_on = true;
  for (int pass = 0; pass < kMostPasses && goes_on && !live().empty(); ++pass) {
    const auto tasks = live();
    for (TaskContext* task : tasks) {
      if (std::find(live().begin(), live().end(), task) != live().end() && !task->cancelled)
        task->cancel();
    }
    drain_ready(false);
    goes_on = live() != tasks || go_on(false);
    drain_ready(false);
  }
  UNDERSTUDY_CHECK(live().empty());
}

void Scheduler::report_deadlock() {
  if (const std::string blame = blame_hook_ ? blame_hook_() : ""; !blame.empty())
    return fail(std::make_exception_ptr(TransportError(blame)));
  std::string sentence = "nothing can go on: ";
  int named = 0;
  for (const TaskContext* task : live()) {
    if (task->suspension == nullptr) continue;
    if (++named > 4) break;
    sentence +=
        fmt::format("{}a task waits for {}", named > 1 ? ", " : "", task->suspension->describe());
  }
  fail(std::make_exception_ptr(RunError(sentence)));
}

}  // namespace understudy
