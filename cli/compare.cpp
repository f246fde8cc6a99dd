// `understudy compare RUN_A RUN_B`: what one run predicts beside what the other measured.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "results/compare/equivalence.hpp"
#include "results/experiment/check_units.hpp"

namespace understudy {
namespace {

struct Options {
  std::string first, second;
  bool force = false;
};

FinishedRun read(const std::string& path) {
  const RunDirectory directory = RunDirectory::open(path, RunDirectory::Access::kRead);
  FinishedRun run{path, load_experiment((directory.path() / "scenario.yaml").string(), {}),
                  directory.units()};
  check_units(directory, run.experiment, run.units);
  return run;
}

void compare(const Options& options, const Session& session) {
  const Equivalence found = compare(read(options.first), read(options.second), options.force);
  if (session.json) {
    std::cout << to_json(found).dump(2) << '\n';
  } else {
    std::cout << (session.quiet ? verdict(found) + "\n" : to_text(found));
  }
}

}  // namespace

void add_compare(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "compare", "Compare a run in virtual time with one on the wall's clock, or any two alike");
  auto options = std::make_shared<Options>();
  command->add_option("first", options->first, "The run directory that predicts")->required();
  command->add_option("second", options->second, "The run directory that measured")->required();
  command->add_flag("--force", options->force, "Also where the scenarios differ, run by run");
  add_common_flags(*command, session);
  command->callback([options, &session] { compare(*options, session); });
}

}  // namespace understudy
