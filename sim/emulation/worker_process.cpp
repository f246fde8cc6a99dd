#include "sim/emulation/worker_process.hpp"

#include <fmt/format.h>

#include <fstream>

namespace understudy {
namespace {

// proc(5): 'R', 'S', 'T', 'Z', ...; 0 where there is no such process.
char state_of(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string line;
  std::getline(file, line);
  // It is the first character after the name, which is in parentheses and may hold anything.
  const auto name_end = line.rfind(')');
  return name_end != line.npos && name_end + 2 < line.size() ? line[name_end + 2] : '\0';
}

}  // namespace

bool is_stopped(pid_t process) { return state_of(process) == 'T'; }

bool is_gone(pid_t process) {
  const char state = state_of(process);
  return state == '\0' || state == 'Z' || state == 'X';
}

std::string JoinedProcess::name() const { return fmt::format("process {} on {}", process_, host_); }

}  // namespace understudy
