// Files that an executor waits for besides time. Only executors whose clock is the wall's have one.
#pragma once

#include <functional>

namespace understudy {

enum class FileEvent { kReadable, kWritable };

class FileWatcher {
 public:
  virtual ~FileWatcher() = default;
  // Calls `ready` on the executor's thread whenever the file can be read (its end and its errors
  // included) or written without waiting, until ignore(). One watch for each file and event.
  virtual void watch(int file, FileEvent event, std::function<void()> ready) = 0;
  virtual void ignore(int file, FileEvent event) = 0;
};

}  // namespace understudy
