// `understudy retime DIR --set network...`: the times of a finished run under another network,
// topology or device, without training.
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "results/experiment/check_units.hpp"
#include "results/experiment/provenance.hpp"
#include "results/experiment/retiming.hpp"
#include "results/report/publish.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

struct Options {
  std::string directory;
  std::vector<std::string> sets;
  std::string out;
  bool trace = false;
};

// A run directory as a run would have left it.
Summary leave(const RunDirectory& to, const Experiment& experiment,
              const std::vector<Unit>& units) {
  to.write("scenario.yaml", write_yaml(experiment.scenario));
  for (const Unit& unit : units) to.save(unit);
  Summary summary = publish(to, experiment, units);
  const Provenance provenance{
      .libraries = {}, .instruction_set = {}, .seed = experiment.scenario.seed};
  to.write("run.json", run_json(provenance, ExitCode::kDone).dump(2) + "\n");
  return summary;
}

void retime(const Options& options, const Session& session) {
  const RunDirectory from = RunDirectory::open(options.directory, RunDirectory::Access::kRead);
  const std::string file = (from.path() / "scenario.yaml").string();
  const Experiment trained = load_experiment(file, {});
  const Experiment experiment = load_experiment(file, options.sets);
  const std::vector<Unit> finished = from.units();
  check_units(from, trained, finished);
  if (options.trace && options.out.empty())
    throw ScenarioError("--trace needs --out, the folder that the trace goes to");
  std::optional<RunDirectory> to;
  if (options.trace) to = RunDirectory::create(options.out);
  const std::vector<Unit> units =
      retime(experiment, trained, finished, options.trace ? &*to : nullptr);
  if (!options.out.empty() && !to) to = RunDirectory::create(options.out);
  const Summary summary = to ? leave(*to, experiment, units) : summarise(experiment, units);
  if (session.json) {
    std::cout << to_json(summary).dump(2) << '\n';
  } else if (!session.quiet) {
    std::cout << results_text(experiment, summary, units);
  }
}

}  // namespace

void add_retime(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "retime", "Compute a finished run's times anew under another network, topology or device");
  auto options = std::make_shared<Options>();
  command->add_option("directory", options->directory, "The run directory")->required();
  command->add_option("--set", options->sets, "section.key=value, over its scenario; repeatable")
      ->allow_extra_args(false);
  command->add_option("--out", options->out, "Also leave a run directory here");
  command->add_flag("--trace", options->trace,
                    "With --out: also write every message and computation to traces/");
  add_common_flags(*command, session);
  command->callback([options, &session] { retime(*options, session); });
}

}  // namespace understudy
