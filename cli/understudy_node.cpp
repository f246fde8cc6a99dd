// The program with LibTorch: runs scenarios. `understudy` becomes it where a command needs a
// learner.
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "cli/program.hpp"
#include "cli/worker.hpp"
#include "runtime/collectives/c10d/c10d_collectives.hpp"
#include "runtime/learners/torch/gpu.hpp"
#include "runtime/learners/torch/set_up.hpp"
#include "runtime/learners/torch/torch_learner.hpp"

int main(int argc, char** argv) {
  understudy::set_up_torch();
  const auto add_commands = [](CLI::App& app, understudy::Session& session) {
    add_run(app, session);
    add_calibrate(app, session);
    const understudy::WorkerTools tools{
        [](const understudy::Model& model, const understudy::ComputeDevice& device) {
          return understudy::make_torch_learner(model, device);
        },
        understudy::count_gpus,
        understudy::require_gpu,
        understudy::watch_gpu,
        understudy::make_c10d_collectives,
        understudy::leave_process};
    understudy::add_worker(app, session, tools,
                           [&session, tools](const understudy::LaunchedOptions& options) {
                             understudy::run_launched(options, tools, session);
                           });
  };
  const int code = understudy::run_program(argc, argv, add_commands);
  // All of ours is closed by now, and LibTorch takes 0.15 s to take its registries apart.
  std::cout.flush();
  std::fflush(nullptr);
  std::_Exit(code);
}
