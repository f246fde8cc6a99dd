// Threads that run the bodies of computations. Results never depend on how many there are.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace understudy {

class ComputePool {
 public:
  class Job {
   public:
    // Blocks until the body has ended; rethrows what it threw.
    void wait();
    double cpu_seconds() const { return cpu_seconds_; }  // of the thread, after wait()

   private:
    friend class ComputePool;
    std::function<void()> body_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool done_ = false;
    double cpu_seconds_ = 0;
    std::exception_ptr error_;
  };

  explicit ComputePool(int threads);                        // >= 1
  ~ComputePool();                                           // finishes what was submitted
  std::shared_ptr<Job> submit(std::function<void()> body);  // thread-safe

 private:
  void work();
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace understudy
