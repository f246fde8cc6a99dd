// Tasks: node code as C++20 coroutines. A Task<T> starts when it is awaited, or when spawn() gives
// it a life of its own; it runs on one executor, and only ever on that executor's thread.
// Cancellation arrives as the exception TaskCancelled out of the await at which the task stands.
//
// GCC 12.2 destroys an aggregate temporary inside a co_await expression twice: name it first, or
// give its type a constructor (tests/seam/task_test.cpp holds the case).
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "runtime/base/task_context.hpp"

namespace understudy {

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

}  // namespace understudy
