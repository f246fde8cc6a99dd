// `understudy worker FILE`: one rank of a run that somebody else's launcher has started.
#pragma once

#include "cli/run.hpp"
#include "results/experiment/unit_runner.hpp"
#include "runtime/launch/launcher_environment.hpp"

namespace understudy {

struct LaunchedOptions {
  RunOptions run{};
  LaunchFlags flags{};
  std::string interface;
  std::string keys;
  double wait_s = 120;
};

void run_launched(const LaunchedOptions& options, const MakeLearner& make_learner,
                  Session& session);

}  // namespace understudy
