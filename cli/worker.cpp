// `understudy worker`: one node of an emulated run, started by the run's coordinator.
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "cli/commands.hpp"
#include "results/experiment/emulated_unit.hpp"
#include "sim/emulation/worker_world.hpp"

namespace understudy {
namespace {

// The coordinator is gone and can't clean up: whoever notices first takes the run's sockets away and
// ends the whole group, also those who are stopped.
void clean_up_after(const CoordinatorLost& lost) {
  // Others may be at it too, and make what is amid being removed vanish.
  constexpr int kTries = 1000;
  std::error_code problem;
  for (int i = 0; i < kTries && std::filesystem::exists(lost.folder(), problem); ++i)
    std::filesystem::remove_all(lost.folder(), problem);
  if (getpgrp() != getppid()) kill(0, SIGKILL);
}

void work(int settings, const MakeLearner& make_learner) {
  signal(SIGINT, SIG_IGN);  // the coordinator decides
  try {
    run_worker(settings, make_learner);
  } catch (const CoordinatorLost& lost) {
    clean_up_after(lost);
    throw;
  }
}

}  // namespace

void add_worker(CLI::App& app, const MakeLearner& make_learner) {
  CLI::App* command = app.add_subcommand("worker", "One node of a run; 'run' starts it");
  command->group("");  // not for people
  auto settings = std::make_shared<int>(0);
  command->add_option("--settings", *settings, "The descriptor to read its settings from")
      ->required()
      ->check(CLI::Range(3, 1 << 20));
  command->callback([settings, make_learner] { work(*settings, make_learner); });
}

}  // namespace understudy
