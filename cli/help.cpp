// `understudy help`: the commands, one command's options, or every key of a scenario.
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "cli/commands.hpp"
#include "runtime/base/nearest.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

void print_help(const CLI::App& app, const std::string& topic) {
  if (topic == "scenario") {
    std::cout << scenario_reference();
    return;
  }
  std::vector<std::string> known{"scenario"};
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == topic && command->get_prefix_command()) {
      std::string program = app.get_name(), name = topic, flag = "--help";
      char* const argv[] = {program.data(), name.data(), flag.data(), nullptr};
      become_node(argv);
    }
    if (command->get_name() == topic) {
      std::cout << command->help();
      return;
    }
    known.push_back(command->get_name());
  }
  if (topic.empty()) {
    std::cout << app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal)
              << "\n'understudy help scenario' prints every key of a scenario file.\n";
    return;
  }
  const std::string nearest = nearest_name(topic, known);
  throw ScenarioError(fmt::format("help: '{}' is no topic{}", topic,
                                  nearest.empty()
                                      ? fmt::format(" (one of {})", fmt::join(known, ", "))
                                      : fmt::format("; did you mean '{}'?", nearest)));
}

}  // namespace

void add_help(CLI::App& app, Session&) {
  CLI::App* command = app.add_subcommand("help", "Print help: help [COMMAND | scenario]");
  auto topic = std::make_shared<std::string>();
  command->add_option("topic", *topic, "A command, or 'scenario' for every key of a scenario file");
  command->callback([&app, topic] { print_help(app, *topic); });
}

}  // namespace understudy
