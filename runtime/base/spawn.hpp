// Tasks with lives of their own, side by side.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/base/event.hpp"
#include "runtime/base/task.hpp"

namespace understudy {

// A task with a life of its own. Awaiting join() gives its result or its exception; an exception
// also fails the run, joined or not (expected outcomes are return values). Join what you spawn
// before what it refers to dies.
template <class T = void>
class Spawned {
 public:
  Spawned() = default;
  bool started() const { return state_ != nullptr; }
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

}  // namespace understudy
