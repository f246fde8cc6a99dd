// A thread that does one thing after the other.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace understudy {

class WorkerThread {
 public:
  WorkerThread() : thread_([this] { work(); }) {}
  ~WorkerThread() {
    post(nullptr);
    thread_.join();
  }
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  void post(std::function<void()> body) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(body));
    wake_.notify_one();
  }

 private:
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !queue_.empty(); });
      const auto body = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      if (!body) return;
      body();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::thread thread_;
};

}  // namespace understudy
