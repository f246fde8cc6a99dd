// Files and memory that an executor waits for besides time. Only executors whose clock is the
// wall's have one.
#pragma once

#include <functional>

namespace understudy {

enum class FileEvent { kReadable, kWritable };

// Something that shows in memory before it shows on a file, worth a look before the thread sleeps.
class Polled {
 public:
  virtual bool ready() = 0;     // whether dispatch() has something to do; cheap
  virtual void dispatch() = 0;  // does it
  // From here to after_sleep() whatever comes must make a watched file ready. True: it has come.
  virtual bool before_sleep() = 0;
  virtual void after_sleep() = 0;

 protected:
  ~Polled() = default;
};

class FileWatcher {
 public:
  virtual ~FileWatcher() = default;
  // Calls `ready` on the executor's thread whenever the file can be read (its end and its errors
  // included) or written without waiting, until ignore(). One watch for each file and event.
  virtual void watch(int file, FileEvent event, std::function<void()> ready) = 0;
  virtual void ignore(int file, FileEvent event) = 0;
  // Asks before every sleep, after looking for a moment, until forget(). Files may be ignored and
  // polled things forgotten from inside a call.
  virtual void poll(Polled& polled) = 0;
  virtual void forget(Polled& polled) = 0;
};

}  // namespace understudy
