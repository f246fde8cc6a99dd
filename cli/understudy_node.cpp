// The program with LibTorch: runs scenarios. `understudy` becomes it where a command needs a
// learner.
#include "cli/program.hpp"
#include "runtime/learners/torch/set_up.hpp"
#include "runtime/learners/torch/torch_learner.hpp"

int main(int argc, char** argv) {
  understudy::set_up_torch();
  return understudy::run_program(argc, argv, [](CLI::App& app, understudy::Session& session) {
    add_run(app, session);
    understudy::add_worker(
        app, [](const understudy::Model& m) { return understudy::make_torch_learner(m); });
  });
}
