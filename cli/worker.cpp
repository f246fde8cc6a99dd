// `understudy worker`: one node of an emulated run, started by the run's coordinator, or one rank of a
// real one, started by somebody else's launcher.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "cli/program.hpp"
#include "cli/worker.hpp"
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

void work(int settings, const WorkerTools& tools) {
  signal(SIGINT, SIG_IGN);  // the coordinator decides
  try {
    run_worker(settings, tools);
  } catch (const CoordinatorLost& lost) {
    clean_up_after(lost);
    throw;
  }
}

// Only an emulated run has a folder of sockets; a launched rank leaves its launcher's group alone.
void clean_up_if_lost(const std::exception_ptr& why) {
  try {
    std::rethrow_exception(why);
  } catch (const CoordinatorLost& lost) {
    if (!lost.folder().empty()) clean_up_after(lost);
  } catch (const std::exception&) {
  }
}

struct WorkerOptions {
  int settings = 0;  // 0: a launcher's
  LaunchedOptions launched{};
};

void add_launch_options(CLI::App& command, LaunchedOptions& options) {
  add_common_run_options(command, options.run);
  command.add_option("--rank", options.flags.rank, "Which rank this is, instead of the launcher's");
  command.add_option("--local-rank", options.flags.local_rank, "Which of its host's");
  command.add_option("--world", options.flags.world, "How many ranks there are");
  command.add_option("--master", options.flags.master, "HOST:PORT at which rank 0 is met");
  command.add_option("--interface", options.interface,
                     "The interface to listen on, or its address; default: the one towards rank 0");
  command
      .add_option("--keys", options.keys,
                  "The file that 'understudy keys' has made, the same for all ranks; needed "
                  "beyond loopback")
      ->envname("UNDERSTUDY_KEYS");
  command.add_flag(
      "--trusted-network", options.trusted_network,
      "Beyond loopback, gloo and nccl may be used, which have neither keys nor encryption");
  command.add_flag("--pin", options.pins,
                   "Compute on a core of this rank's own, of those that its launcher leaves it");
  command.add_option("--wait", options.wait_s, "Seconds for which ranks wait for each other")
      ->check(CLI::Range(1.0, 86400.0))
      ->capture_default_str();
}

}  // namespace

void leave_process(const std::exception_ptr& why) {
  const int code = report(why);
  std::fflush(nullptr);
  clean_up_if_lost(why);
  std::_Exit(code);
}

void add_worker(CLI::App& app, Session& session, const WorkerTools& tools,
                const RunLaunched& run_launched) {
  CLI::App* command = app.add_subcommand(
      "worker", "Be one rank of a run that mpirun, srun or torchrun has started");
  auto options = std::make_shared<WorkerOptions>();
  command->add_option("file", options->launched.run.file, "The scenario, in the mode real");
  add_launch_options(*command, options->launched);
  add_common_flags(*command, session);
  command->add_option("--settings", options->settings, "The descriptor to read its settings from")
      ->group("")  // not for people
      ->check(CLI::Range(3, 1 << 20));
  command->callback([options, tools, run_launched] {
    if (options->settings != 0) return work(options->settings, tools);
    if (options->launched.run.file.empty())
      throw ScenarioError("worker: which scenario? 'help worker' prints its options");
    run_launched(options->launched);
  });
}

}  // namespace understudy
