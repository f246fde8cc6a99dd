// Commands that need a learner: handed to understudy-node, which lies in the same folder.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "cli/commands.hpp"
#include "scenarios/describe/field.hpp"

namespace understudy {
namespace {

constexpr std::array<NameDoc, 2> kNodeCommands = {{
    {"run", "Run a scenario; 'help run' prints its options"},
    {"calibrate", "Measure a device of this machine, and print it as a profile for scenarios"},
}};

}  // namespace

void become_node(char* const* argv) {
  std::error_code problem;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", problem);
  const auto node =
      (problem ? std::filesystem::path(argv[0]) : self).parent_path() / "understudy-node";
  execv(node.c_str(), argv);
  throw RunError(fmt::format("{}: {} (it runs scenarios, and is built only where LibTorch is)",
                             node.string(), std::strerror(errno)));
}

void add_node_commands(CLI::App& app, Session& session) {
  for (const NameDoc& entry : kNodeCommands) {
    CLI::App* command = app.add_subcommand(entry.name, entry.doc);
    command->prefix_command();
    command->set_help_flag();
    command->callback([&session] { become_node(session.argv); });
  }
}

}  // namespace understudy
