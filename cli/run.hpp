// What `run` does, and `worker` where it is rank 0 of a run that a launcher has started.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include "cli/commands.hpp"
#include "sim/emulation/rendezvous.hpp"

namespace understudy {

struct RunOptions {
  std::string file;
  std::vector<std::string> sets;
  std::string out;
  std::string data_dir;
  std::string junit;
  int jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  bool resume = false;
  bool retrain = false;
  bool trace = false;
};

// Those that make sense for one rank of a run too.
void add_common_run_options(CLI::App& command, RunOptions& options);

// What rank 0 of the mode real has of its launcher.
struct RankZero {
  RendezvousHost* rendezvous = nullptr;  // null: another mode
  int own_gpu = 0;                       // what `cuda` is for its node
  bool pins = false;                     // its node computes on a core of its own
};
// Throws what the run ends with.
void run_scenario(const RunOptions& options, Session& session, const RankZero& rank_zero);

// Whether there is a run to go on with.
bool can_resume(const RunOptions& options);

}  // namespace understudy
