// A worker's process, as its coordinator sees it: one of its own (child_process.hpp), or one that
// somebody else's launcher has started, maybe on another host.
#pragma once

#include <sys/types.h>

#include <string>

namespace understudy {

// By a signal, and it can be continued.
bool is_stopped(pid_t process);
// Gone, or waiting for its parent to take notice.
bool is_gone(pid_t process);

class WorkerProcess {
 public:
  virtual ~WorkerProcess() = default;
  virtual std::string name() const = 0;  // "process 4711"
  virtual bool has_ended() = 0;
  virtual bool is_stopped() const = 0;  // as far as that can be seen from here
  // Once it has ended: "ended with exit code 2", "was killed by signal 9 (Killed)".
  virtual std::string how_it_ended() const = 0;
  virtual std::string last_line() const { return {}; }  // that it printed
  virtual void kill() = 0;                              // where it is ours to kill
  // Whether it ends with the run, or goes on to the next.
  virtual bool ends_with_run() const = 0;
};

class JoinedProcess final : public WorkerProcess {
 public:
  // `nearby`: on this host.
  JoinedProcess(std::string host, pid_t process, bool nearby)
      : host_(std::move(host)), process_(process), nearby_(nearby) {}

  std::string name() const override;
  bool has_ended() override { return nearby_ && is_gone(process_); }
  bool is_stopped() const override { return nearby_ && understudy::is_stopped(process_); }
  std::string how_it_ended() const override { return "has ended"; }
  void kill() override {}
  bool ends_with_run() const override { return false; }

 private:
  std::string host_;
  pid_t process_;
  bool nearby_;
};

}  // namespace understudy
