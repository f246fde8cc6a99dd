// A worker's process that its coordinator has started.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/file_watcher.hpp"
#include "sim/emulation/worker_process.hpp"

namespace understudy {

class ChildProcess final : public WorkerProcess {
 public:
  struct Options {
    std::string program;
    std::vector<std::string> arguments;  // the first one after the program's name
    std::string input;                   // what the child reads from its descriptor kInput
    std::filesystem::path log;           // what it prints; empty: thrown away
    pid_t group = 0;                     // a process group to join; 0: one of its own
  };
  static constexpr int kInput = 3;

  // Throws RunError where the program can't be started. The watcher must outlive the process.
  ChildProcess(FileWatcher& watcher, const Options& options);
  ~ChildProcess() override;  // kills it if it still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  std::string name() const override;
  bool has_ended() override;
  bool is_stopped() const override { return understudy::is_stopped(pid_); }
  std::string how_it_ended() const override;
  void kill() override;
  std::string last_line() const override { return last_line_; }
  bool ends_with_run() const override { return true; }

 private:
  void read_output();
  FileWatcher& watcher_;
  pid_t pid_ = -1;
  int output_ = -1;
  int log_ = -1;
  int status_ = 0;
  bool ended_ = false;
  std::string last_line_, line_;
};

}  // namespace understudy
