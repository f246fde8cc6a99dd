// Other programs of the system, run to their end.
#pragma once

#include <string>
#include <vector>

namespace understudy {

struct CommandEnd {
  int code = 0;
  std::string said;  // the first line, of both outputs
};

// In the thread's network namespace, with `input` to read. Throws RunError where there is no such program.
CommandEnd run_command(const std::vector<std::string>& arguments, const std::string& input = {});
// Throws RunError with what it said unless it ends well.
void require_command(const std::vector<std::string>& arguments, const std::string& input = {});

}  // namespace understudy
