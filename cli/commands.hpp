// The subcommands. Those of `understudy` link no LibTorch. Each add_*() stands in a file of its
// own, registers its options with the app and what to do once they are parsed. Errors are thrown;
// only main catches.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "runtime/base/errors.hpp"

namespace understudy {

// What holds for every subcommand, and what the chosen one leaves for main.
struct Session {
  int argc = 0;
  char** argv = nullptr;
  bool quiet = false;  // only results and errors
  bool json = false;   // results as JSON on stdout
  ExitCode exit_code = ExitCode::kDone;
};

// --quiet and --json, which every subcommand takes.
void add_common_flags(CLI::App& command, Session& session);

void add_validate(CLI::App& app, Session& session);
void add_list(CLI::App& app, Session& session);
void add_topology(CLI::App& app, Session& session);
void add_board(CLI::App& app, Session& session);
void add_data(CLI::App& app, Session& session);
void add_model(CLI::App& app, Session& session);
void add_keys(CLI::App& app, Session& session);
// Exit code 1 where a value is wrong.
void add_selfcheck(CLI::App& app, Session& session);
void add_help(CLI::App& app, Session& session);

// On finished run directories: rebuild the summary and the page, compute the times anew, or hold two
// side by side.
void add_report(CLI::App& app, Session& session);
void add_retime(CLI::App& app, Session& session);
void add_compare(CLI::App& app, Session& session);

// Of both programs: without LibTorch, the tools throw, and what a launcher has started becomes the
// other program.
struct LaunchedOptions;
struct WorkerTools;
using RunLaunched = std::function<void(const LaunchedOptions&)>;
void add_worker(CLI::App& app, Session& session, const WorkerTools& tools,
                const RunLaunched& run_launched);

// Of understudy-node.
void add_run(CLI::App& app, Session& session);
void add_calibrate(CLI::App& app, Session& session);

// What needs a learner: handed with all their arguments to the program beside this one that links
// LibTorch.
void add_node_commands(CLI::App& app, Session& session);
// Becomes that program; argv ends with a null pointer. Throws RunError where it cannot.
[[noreturn]] void become_node(char* const* argv);

}  // namespace understudy
