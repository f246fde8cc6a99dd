// A worker's process, as its coordinator sees it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/file_watcher.hpp"

namespace understudy {

// By a signal, and it can be continued.
bool is_stopped(pid_t process);

class ChildProcess {
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
  ~ChildProcess();  // kills it if it still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool has_ended();
  // Once it has ended: "ended with exit code 2", "was killed by signal 9 (Killed)".
  std::string how_it_ended() const;
  void kill();
  const std::string& last_line() const { return last_line_; }  // that it printed

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
