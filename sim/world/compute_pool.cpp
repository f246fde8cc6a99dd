#include "sim/world/compute_pool.hpp"

#include <ctime>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

double thread_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

void ComputePool::Job::wait() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return done_; });
  if (error_) std::rethrow_exception(error_);
}

ComputePool::ComputePool(int threads) {
  UNDERSTUDY_CHECK(threads >= 1);
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

ComputePool::~ComputePool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& t : threads_) t.join();
}

std::shared_ptr<ComputePool::Job> ComputePool::submit(std::function<void()> body) {
  auto job = std::make_shared<Job>();
  job->body_ = std::move(body);
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(job);
  }
  wake_.notify_one();
  return job;
}

void ComputePool::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const auto job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();

    const double before = thread_cpu_seconds();
    std::exception_ptr error;
    try {
      job->body_();
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard done(job->mutex_);
    job->body_ = nullptr;
    job->cpu_seconds_ = thread_cpu_seconds() - before;
    job->error_ = error;
    job->done_ = true;
    job->ended_.notify_all();
  }
}

}  // namespace understudy
