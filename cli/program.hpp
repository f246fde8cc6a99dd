// What both programs' mains do: parse, run the chosen subcommand, turn errors into one sentence on
// stderr and an exit code.
#pragma once

#include <functional>

#include "cli/commands.hpp"

namespace understudy {

using AddCommands = std::function<void(CLI::App&, Session&)>;

int run_program(int argc, char** argv, const AddCommands& add_commands);

}  // namespace understudy
