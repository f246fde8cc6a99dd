#include "sim/emulation/system_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/base/errors.hpp"
#include "sim/emulation/memory_file.hpp"

extern char** environ;

namespace understudy {
namespace {

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
  // Neither side waits for the other to read.
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
