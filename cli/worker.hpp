// `understudy worker FILE`: one rank of a run that somebody else's launcher has started.
#pragma once

#include "cli/run.hpp"
#include "results/experiment/emulated_unit.hpp"
#include "runtime/launch/launcher_environment.hpp"

namespace understudy {

struct LaunchedOptions {
  RunOptions run{};
  LaunchFlags flags{};
  std::string interface;
  std::string keys;
  bool trusted_network = false;
  bool pins = false;
  double wait_s = 120;
};

// Ends the process as its main would, but takes nothing apart.
[[noreturn]] void leave_process(const std::exception_ptr& why);

void run_launched(const LaunchedOptions& options, const WorkerTools& tools, Session& session);

}  // namespace understudy
