// Calls from other threads into an event loop.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "runtime/base/file_watcher.hpp"

namespace understudy {

class Inbox {
 public:
  // The watcher must outlive the inbox. Throws RunError where the system has no eventfd left.
  explicit Inbox(FileWatcher& watcher);
  ~Inbox();  // what has not been called by then is dropped
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // Thread-safe. The loop's thread makes the calls, in the order of one thread's posts.
  void post(std::function<void()> call);

 private:
  void call_all();
  FileWatcher& watcher_;
  int bell_;
  std::mutex mutex_;
  std::vector<std::function<void()>> calls_;
};

}  // namespace understudy
