// The built program at work on an emulated run, seen from outside: its processes, its sockets, and what
// it leaves behind.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "tests/data/idx_files.hpp"
#include "tests/emulation/comes_true.hpp"

namespace understudy {

inline std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// `understudy run` in a folder, whose sockets have a folder of their own by which its processes are
// known, also once they have lost their parent.
class WholeRun {
 public:
  WholeRun(const std::filesystem::path& folder, std::vector<std::string> arguments)
      : folder_(folder), sockets_(folder / "sockets") {
    std::filesystem::create_directory(sockets_);
    arguments.insert(arguments.begin(), {UNDERSTUDY_PROGRAM, "run"});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    setenv("XDG_RUNTIME_DIR", sockets_.c_str(), 1);
    const bool ready = chdir(folder_.c_str()) == 0 && redirect("/dev/null", O_RDONLY, 0) &&
                       redirect("out", O_WRONLY | O_CREAT | O_TRUNC, 1) &&
                       redirect("err", O_WRONLY | O_CREAT | O_TRUNC, 2);
    if (ready) execv(argv[0], argv.data());
    _exit(126);
  }
  WholeRun(const WholeRun&) = delete;
  WholeRun& operator=(const WholeRun&) = delete;
  ~WholeRun() {
    for (const pid_t pid : processes()) kill(pid, SIGKILL);
    if (!has_ended()) waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }
  const std::filesystem::path& sockets() const { return sockets_; }
  std::string err() const { return content(folder_ / "err"); }
  bool has_ended() {
    if (!ended_) ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
  }
  // Once it has ended; -1: by a signal.
  int exit_code() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1; }

  // By rank: in the order in which they were started.
  std::vector<pid_t> workers() const {
    std::vector<pid_t> found;
    std::error_code gone;
    const std::string tasks = "/proc/" + std::to_string(pid_) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
      std::ifstream file(task.path() / "children");
      for (pid_t pid; file >> pid;) found.push_back(pid);
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  // All that have not ended.
  std::vector<pid_t> processes() const {
    std::vector<pid_t> found;
    const std::string mark = "XDG_RUNTIME_DIR=" + sockets_.string();
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != name.npos) continue;
      if (content(entry.path() / "environ").find(mark) != std::string::npos)
        found.push_back(std::stoi(name));
    }
    return found;
  }

  // Sockets with names, or those without that the process has open.
  std::size_t socket_files(const std::string& part) const {
    std::size_t count = 0;
    std::error_code gone;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(sockets_, gone))
      if (entry.is_socket(gone) && entry.path().parent_path().filename() == part) ++count;
    return count;
  }
  static std::size_t open_sockets(pid_t pid) {
    std::size_t count = 0;
    std::error_code gone;
    const std::string files = "/proc/" + std::to_string(pid) + "/fd";
    for (const auto& entry : std::filesystem::directory_iterator(files, gone))
      if (std::filesystem::read_symlink(entry.path(), gone).string().starts_with("socket:"))
        ++count;
    return count;
  }

 private:
  static bool redirect(const char* path, int flags, int to) {
    const int file = ::open(path, flags, 0644);
    return file >= 0 && dup2(file, to) == to;
  }
  std::filesystem::path folder_, sockets_;
  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

// What there is of shared memory with a name.
inline std::set<std::string> shared_memory() {
  std::set<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", none))
    names.insert(entry.path().filename());
  return names;
}

}  // namespace understudy
