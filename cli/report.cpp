// `understudy report DIR...`: the table of finished runs, and their pages built anew.
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "results/experiment/check_units.hpp"
#include "results/report/publish.hpp"

namespace understudy {
namespace {

void report(const std::string& path, const Session& session) {
  const RunDirectory directory = RunDirectory::open(path);
  const Experiment experiment = load_experiment((directory.path() / "scenario.yaml").string(), {});
  const std::vector<Unit> units = directory.units();
  check_units(directory, experiment, units);
  if (units.empty()) throw ScenarioError(fmt::format("{}: no repeat has finished yet", path));
  const Summary summary = publish(directory, experiment, units);
  if (session.json) {
    std::cout << to_json(summary).dump(2) << '\n';
  } else if (!session.quiet) {
    std::cout << results_text(experiment, summary, units)
              << fmt::format("\nReport: {}\n", (directory.path() / "report.html").string());
  }
}

}  // namespace

void add_report(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("report", "Print the table of a run and build its page anew");
  auto directories = std::make_shared<std::vector<std::string>>();
  command->add_option("directories", *directories, "Run directories")->required();
  add_common_flags(*command, session);
  command->callback([directories, &session] {
    for (const std::string& path : *directories) report(path, session);
  });
}

}  // namespace understudy
