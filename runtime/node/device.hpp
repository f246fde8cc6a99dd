// The device seam: what a node computes on. In virtual mode a device charges declared or measured
// time; on real hardware the time is what it takes.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/base/event.hpp"
#include "runtime/learners/cost.hpp"

namespace understudy {

// Progress inside a computation that other tasks wait for: mark i is set when that much has been
// done.
class Marks {
 public:
  explicit Marks(std::size_t count) : events_(count) {}
  Event& operator[](std::size_t i) { return events_[i]; }
  std::size_t size() const { return events_.size(); }
  void set_all() {
    for (Event& e : events_) e.set();
  }
  void reset() {
    for (Event& e : events_) e.reset();
  }

 private:
  std::vector<Event> events_;
};

// Called by a body, on the thread that runs it: what mark `mark` covers is done. Empty where nobody
// wants to know before the end.
using MarkHook = std::function<void(std::size_t mark)>;

// What a computation runs: a callable without arguments, or one that takes a MarkHook.
class ComputeBody {
 public:
  ComputeBody(std::nullptr_t = nullptr) {}
  template <class Run>
  requires(!std::is_same_v<Run, ComputeBody>) ComputeBody(Run run) {
    if constexpr (std::is_invocable_v<Run&, const MarkHook&>) {
      run_ = std::move(run);
    } else {
      if constexpr (std::is_same_v<Run, std::function<void()>>)
        if (!run) return;
      run_ = [run = std::move(run)](const MarkHook&) mutable { run(); };
    }
  }
  explicit operator bool() const { return static_cast<bool>(run_); }
  void operator()(const MarkHook& hook = {}) const { run_(hook); }

 private:
  std::function<void(const MarkHook&)> run_;
};

// A cost translated into one device's time, once for many steps.
struct ComputePlan {
  struct Mark {
    std::size_t index;
    Duration offset;  // from the start
  };
  Duration total{0};
  std::array<Duration, kPhases> phases{};
  std::vector<Mark> marks;  // in order of offset
};

// Devices run kernels of both streams at once, those of one stream one after the other.
enum class Stream { kCompute, kCommunication };

// A computation under way. `body` may run on another thread and must touch nothing that other tasks
// touch before the operation, or the mark that covers it, is complete; it may be empty.
struct ComputeOperation {
  const ComputePlan* plan = nullptr;
  ComputeBody body;
  Marks* marks = nullptr;
  Stream stream = Stream::kCompute;
  bool charged = true;  // false: an observation, which takes no time on the scenario's clock
  virtual void complete() = 0;

 protected:
  ~ComputeOperation() = default;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual ComputePlan plan(const Cost& cost) const = 0;
  // complete() is called when the computation has ended.
  virtual void start(ComputeOperation& operation) = 0;
};

// co_await Compute(device, plan, body, marks).
class Compute final : ComputeOperation, Suspension {
 public:
  Compute(Device& device, const ComputePlan& work, ComputeBody run, Marks* progress,
          Stream on = Stream::kCompute)
      : device_(device) {
    plan = &work;
    body = std::move(run);
    marks = progress;
    stream = on;
  }
  struct Observation {};
  static constexpr Observation kObservation{};
  Compute(Device& device, const ComputePlan& nothing, ComputeBody run, Observation)
      : device_(device) {
    plan = &nothing;
    body = std::move(run);
    charged = false;
  }

  // What takes no time and has no body is over at once.
  bool await_ready() const { return plan->total.count() == 0 && !body && marks == nullptr; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    context_ = handle.promise().context;
    context_->suspend(*this, handle);
    device_.start(*this);
  }
  void await_resume() const {
    if (context_ != nullptr) context_->throw_if_cancelled();
  }

 private:
  void complete() override { context_->resume(); }
  // A body that runs can't be called back: the task goes on, and unwinds, when it has ended.
  bool cancel() override { return false; }
  std::string describe() const override { return "a computation"; }
  bool ends_by_itself() const override { return true; }
  Device& device_;
  TaskContext* context_ = nullptr;
};

}  // namespace understudy
