// Tasks: node code as C++20 coroutines. A Task<T> starts when it is awaited, or when spawn() gives
// it a life of its own; it runs on one executor, and only ever on that executor's thread.
// Cancellation arrives as the exception TaskCancelled out of the await at which the task stands.
//
// GCC 12.2 destroys an aggregate temporary inside a co_await expression twice: name it first, or
// give its type a constructor (tests/seam/task_test.cpp holds the case).
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/errors.hpp"
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

 protected:
  ~Suspension() = default;
};

// One spawned task and everything that it awaits directly: a logical thread. Known to its executor
// while alive.
struct TaskContext {
  explicit TaskContext(Executor& e) : executor(e), place(e.live_.size()) {
    e.live_.push_back(this);
  }
  ~TaskContext() { retire(); }
  TaskContext(const TaskContext&) = delete;
  TaskContext& operator=(const TaskContext&) = delete;
  void retire() {
    if (place == kRetired) return;
    executor.live_[place] = executor.live_.back();
    executor.live_[place]->place = place;
    executor.live_.pop_back();
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

struct PromiseBase {
  TaskContext* context = nullptr;
  std::coroutine_handle<> continuation;
  std::exception_ptr error;

  std::suspend_always initial_suspend() noexcept { return {}; }
  void unhandled_exception() { error = std::current_exception(); }

  struct Final {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
      PromiseBase& promise = self.promise();
      if (promise.continuation) promise.context->executor.post(promise.continuation);
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
};

template <class T>
struct TaskPromise : PromiseBase {
  std::optional<T> value;
  void return_value(T v) { value = std::move(v); }
  T take() { return std::move(*value); }
};
template <>
struct TaskPromise<void> : PromiseBase {
  void return_void() {}
  void take() {}
};

template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : TaskPromise<T> {
    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // Awaiting starts the task; its result or exception comes back.
  bool await_ready() const { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) {
    handle_.promise().context = parent.promise().context;
    handle_.promise().continuation = parent;
    return handle_;
  }
  T await_resume() {
    if (handle_.promise().error) std::rethrow_exception(handle_.promise().error);
    return handle_.promise().take();
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

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

// A task with a life of its own. Awaiting join() gives its result or its exception; an exception
// also fails the run, joined or not (expected outcomes are return values). Join what you spawn
// before what it refers to dies.
template <class T = void>
class Spawned {
 public:
  Spawned() = default;
  bool done() const { return state_->finished.is_set(); }
  void cancel() {
    if (!done()) state_->context.cancel();
  }
  const TaskContext& context() const { return state_->context; }

  Task<T> join() {
    auto state = state_;
    co_await state->finished;
    if (state->error) std::rethrow_exception(state->error);
    if constexpr (!std::is_void_v<T>) co_return std::move(*state->value);
  }
  // Waits for the end, cancelled or not, and drops the result.
  Event::Waiter ended() { return state_->finished.shielded(); }

 private:
  template <class U>
  friend Spawned<U> spawn(Executor&, Task<U>);
  struct Nothing {};
  struct State {
    explicit State(Executor& executor) : context(executor) {}
    TaskContext context;
    Event finished;
    std::exception_ptr error;
    std::optional<std::conditional_t<std::is_void_v<T>, Nothing, T>> value;
  };
  // The coroutine that owns the spawned task, and frees itself at its end.
  struct Root {
    struct promise_type {
      TaskContext* context = nullptr;
      Root get_return_object() {
        return {std::coroutine_handle<promise_type>::from_promise(*this)};
      }
      std::suspend_always initial_suspend() noexcept { return {}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() {}
      void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
  };
  static Root run(std::shared_ptr<State> state, Task<T> task) {
    try {
      if constexpr (std::is_void_v<T>) {
        co_await task;
      } else {
        state->value = co_await task;
      }
    } catch (const TaskCancelled&) {
      state->error = std::current_exception();
    } catch (...) {
      state->error = std::current_exception();
      state->context.executor.fail(state->error);
    }
    state->context.retire();
    state->finished.set();
  }
  std::shared_ptr<State> state_;
};

template <class T>
Spawned<T> spawn(Executor& executor, Task<T> task) {
  Spawned<T> spawned;
  spawned.state_ = std::make_shared<typename Spawned<T>::State>(executor);
  auto root = Spawned<T>::run(spawned.state_, std::move(task));
  root.handle.promise().context = &spawned.state_->context;
  executor.post(root.handle);
  return spawned;
}

// Waits for all of them; if one fails, or the waiting task is cancelled, the rest are cancelled,
// and waited for.
Task<> when_all(std::vector<Spawned<>> tasks);

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
  Executor& executor_;
  TimePoint when_;
  TaskContext* context_ = nullptr;
};

}  // namespace understudy
