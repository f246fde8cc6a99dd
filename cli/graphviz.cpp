#include "cli/graphviz.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// A file in memory that nobody else sees and that ends with its owner: no pipe to keep filled and
// emptied, nothing left on the disk.
class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("understudy", MFD_CLOEXEC)) {
    if (file_ < 0) fail();
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  int descriptor() const { return file_; }

  void fill(const std::string& text) const {
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t written = write(file_, text.data() + done, text.size() - done);
      if (written < 0) fail();
      done += static_cast<std::size_t>(written);
    }
    lseek(file_, 0, SEEK_SET);
  }
  std::string content() const {
    const off_t size = lseek(file_, 0, SEEK_END);
    std::string text(static_cast<std::size_t>(size), '\0');
    std::size_t done = 0;
    while (done < text.size()) {
      const ssize_t got =
          pread(file_, text.data() + done, text.size() - done, static_cast<off_t>(done));
      if (got <= 0) fail();
      done += static_cast<std::size_t>(got);
    }
    return text;
  }

 private:
  [[noreturn]] static void fail() {
    throw RunError(fmt::format("there is no memory for a drawing: {}", std::strerror(errno)));
  }
  int file_;
};

pid_t start(const MemoryFile& in, const MemoryFile& out, const MemoryFile& err) {
  std::string program = "dot", format = "-Tsvg";
  char* const argv[] = {program.data(), format.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.descriptor(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.descriptor(), STDERR_FILENO);
  pid_t child = 0;
  const int problem = posix_spawnp(&child, argv[0], &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem == ENOENT) {
    throw RunError(
        "drawing needs Graphviz, which is not installed (on Debian: apt-get install graphviz)");
  }
  if (problem != 0)
    throw RunError(fmt::format("Graphviz cannot be started: {}", std::strerror(problem)));
  return child;
}

// The child's wait status; nullopt where it had to be stopped.
std::optional<int> wait_for(pid_t child, std::chrono::milliseconds limit) {
  // glibc 2.36 declares pidfd_open() for C only.
  const auto process = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  pollfd ended{process, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&ended, 1, static_cast<int>(limit.count()));
  } while (ready < 0 && errno == EINTR);
  close(process);
  if (ready <= 0) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return ready > 0 ? std::optional(status) : std::nullopt;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

std::string svg_of(const std::string& dot, std::chrono::milliseconds limit) {
  const MemoryFile in, out, err;
  in.fill(dot);
  const auto status = wait_for(start(in, out, err), limit);
  if (!status) {
    throw RunError(fmt::format("Graphviz did not finish the drawing within {} s",
                               static_cast<double>(limit.count()) / 1e3));
  }
  if (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0) {
    const std::string reason = first_line(err.content());
    throw RunError(
        fmt::format("Graphviz failed: {}", reason.empty() ? "it gave no reason" : reason));
  }
  return out.content();
}

}  // namespace understudy
