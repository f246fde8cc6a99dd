#include "sim/emulation/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/base/errors.hpp"
#include "sim/emulation/memory_file.hpp"

extern char** environ;

namespace understudy {
namespace {

constexpr std::size_t kLongestLine = 2000;

pid_t spawn_with(const ChildProcess::Options& options, int input, int output) {
  std::vector<char*> arguments{const_cast<char*>(options.program.c_str())};
  for (const std::string& a : options.arguments) arguments.push_back(const_cast<char*>(a.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, input, ChildProcess::kInput);
  // A group of its own, so that Ctrl-C reaches the coordinator alone.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, options.group);
  pid_t pid = -1;
  const int problem =
      posix_spawn(&pid, options.program.c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (problem != 0)
    throw RunError(
        fmt::format("{}: can't be started: {}", options.program, std::strerror(problem)));
  return pid;
}

}  // namespace

ChildProcess::ChildProcess(FileWatcher& watcher, const Options& options) : watcher_(watcher) {
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0)
    throw RunError(fmt::format("a worker's output can't be read: {}", std::strerror(errno)));
  // dup2 onto itself would leave it to be closed.
  const int input = fcntl(MemoryFile(options.input).file(), F_DUPFD_CLOEXEC, 10);
  output_ = pipe[0];
  if (!options.log.empty())
    log_ = open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  try {
    pid_ = spawn_with(options, input, pipe[1]);
  } catch (...) {
    for (const int file : {input, pipe[0], pipe[1], log_}) close(file);
    throw;
  }
  close(input);
  close(pipe[1]);
  fcntl(output_, F_SETFL, O_NONBLOCK);
  watcher_.watch(output_, FileEvent::kReadable, [this] { read_output(); });
}

ChildProcess::~ChildProcess() {
  if (!has_ended()) {
    kill();
    waitpid(pid_, &status_, 0);
  }
  if (output_ >= 0) {
    watcher_.ignore(output_, FileEvent::kReadable);
    close(output_);
  }
  if (log_ >= 0) close(log_);
}

void ChildProcess::read_output() {
  std::array<char, 4096> text{};
  const ssize_t count = read(output_, text.data(), text.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {  // its end
    watcher_.ignore(output_, FileEvent::kReadable);
    close(output_);
    output_ = -1;
    return;
  }
  if (log_ >= 0 && write(log_, text.data(), static_cast<std::size_t>(count)) < 0) return;
  for (const char c : std::string_view(text.data(), static_cast<std::size_t>(count))) {
    if (c != '\n') {
      if (line_.size() < kLongestLine) line_ += c;
    } else if (!line_.empty()) {
      last_line_ = std::exchange(line_, {});
    }
  }
}

bool ChildProcess::has_ended() {
  if (!ended_) ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
  return ended_;
}

std::string ChildProcess::name() const { return fmt::format("process {}", pid_); }

std::string ChildProcess::how_it_ended() const {
  if (WIFSIGNALED(status_)) {
    return fmt::format("was killed by signal {} ({})", WTERMSIG(status_),
                       strsignal(WTERMSIG(status_)));
  }
  return fmt::format("ended with exit code {}", WEXITSTATUS(status_));
}

// Also where it was stopped.
void ChildProcess::kill() {
  if (!has_ended()) ::kill(pid_, SIGKILL);
}

}  // namespace understudy
