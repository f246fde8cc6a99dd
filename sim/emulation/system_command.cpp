#include "sim/emulation/system_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "runtime/base/errors.hpp"

extern char** environ;

namespace understudy {
namespace {

// A file in memory, so that neither side waits for the other to read.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& text) : file_(memfd_create("command", MFD_CLOEXEC)) {
    if (file_ < 0 || write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        lseek(file_, 0, SEEK_SET) != 0)
      throw RunError(fmt::format("a command's files can't be made: {}", std::strerror(errno)));
  }
  ~MemoryFile() {
    if (file_ >= 0) close(file_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int file() const { return file_; }
  std::string first_line() const {
    std::array<char, 500> text{};
    const ssize_t count = pread(file_, text.data(), text.size(), 0);
    const std::string_view all(text.data(), count < 0 ? 0 : static_cast<std::size_t>(count));
    return std::string(all.substr(0, all.find('\n')));
  }

 private:
  int file_;
};

// Those of administrators are not in everybody's PATH.
std::string place_of_program(const std::string& name) {
  for (const char* folder : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"}) {
    if (access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  throw RunError(
      fmt::format("there is no program '{}' on this machine (apt install iproute2)", name));
}

}  // namespace

CommandEnd run_command(const std::vector<std::string>& arguments, const std::string& input) {
  const std::string program = place_of_program(arguments.at(0));
  const MemoryFile in(input), out("");
  std::vector<char*> words;
  for (const std::string& a : arguments) words.push_back(const_cast<char*>(a.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in.file(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, out.file(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, out.file(), STDERR_FILENO);
  pid_t pid = -1;
  const int problem = posix_spawn(&pid, program.c_str(), &files, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (problem != 0)
    throw RunError(fmt::format("{} can't be started: {}", program, std::strerror(problem)));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128, out.first_line()};
}

void require_command(const std::vector<std::string>& arguments, const std::string& input) {
  const CommandEnd end = run_command(arguments, input);
  if (end.code != 0) {
    throw RunError(fmt::format("'{}' ended with exit code {}: {}", fmt::join(arguments, " "),
                               end.code, end.said));
  }
}

}  // namespace understudy
