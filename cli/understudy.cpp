// The command line without LibTorch: starts in milliseconds and hands over what needs a learner.
#include "cli/program.hpp"
#include "cli/worker.hpp"
#include "results/experiment/emulated_unit.hpp"

int main(int argc, char** argv) {
  return understudy::run_program(argc, argv, [](CLI::App& app, understudy::Session& session) {
    add_node_commands(app, session);
    add_validate(app, session);
    add_report(app, session);
    add_retime(app, session);
    add_compare(app, session);
    add_topology(app, session);
    add_board(app, session);
    add_list(app, session);
    add_data(app, session);
    add_model(app, session);
    add_keys(app, session);
    add_selfcheck(app, session);
    const understudy::RunError no_torch("this program has no LibTorch");
    const understudy::WorkerTools tools{
        [no_torch](const understudy::Model&, const understudy::ComputeDevice&)
            -> std::unique_ptr<understudy::Learner> { throw no_torch; },
        [] { return 0; },
        [no_torch](const understudy::ComputeDevice&) { throw no_torch; },
        [no_torch](const understudy::ComputeDevice&) -> std::unique_ptr<understudy::GpuUsage> {
          throw no_torch;
        },
        [no_torch](const understudy::LibraryPlace&)
            -> std::unique_ptr<understudy::CollectiveLibrary> { throw no_torch; },
        understudy::leave_process};
    understudy::add_worker(app, session, tools, [&](const understudy::LaunchedOptions&) {
      understudy::become_node(session.argv);
    });
    add_help(app, session);
  });
}
