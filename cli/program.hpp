// What both programs' mains do: parse, run the chosen subcommand, turn errors into one sentence on
// stderr and an exit code.
#pragma once

#include <functional>

#include "cli/commands.hpp"

namespace understudy {

using AddCommands = std::function<void(CLI::App&, Session&)>;

// Prints what went wrong; the exit code.
int report(const std::exception_ptr& problem);

int run_program(int argc, char** argv, const AddCommands& add_commands);

}  // namespace understudy
