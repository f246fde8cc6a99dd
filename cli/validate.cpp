// `understudy validate FILE`: reads a scenario as strictly as a run would and prints the runs it
// stands for.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "results/experiment/estimate.hpp"
#include "results/report/text_table.hpp"
#include "results/summary/columns.hpp"
#include "scenarios/scenario_yaml.hpp"
#include "scenarios/sweep.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string file;
  std::vector<std::string> sets;
  bool schema = false;
};

void print_json(const Experiment& experiment) {
  const auto groups = weight_groups(experiment.runs);
  Json runs = Json::array();
  for (std::size_t i = 0; i < experiment.runs.size(); ++i) {
    const ExpandedRun& run = experiment.runs[i];
    Json overrides = Json::object();
    for (const Override& o : run.overrides) overrides[o.key] = o.value;
    Json entry{{"overrides", overrides}, {"nodes", seating(run.scenario.topology).nodes()}};
    if (trains(run.scenario.workload)) entry["weights_of_run"] = groups[i];
    const RunEstimate e = estimate_run(run.scenario);
    entry["time_s"] = to_seconds(e.time);
    entry["wall_s"] = e.wall_s;
    entry["memory_bytes"] = e.memory.count;
    entry["scenario"] = to_json(run.scenario);
    runs.push_back(std::move(entry));
  }
  std::cout << Json{{"name", experiment.scenario.name},
                    {"repeats", experiment.scenario.repeats},
                    {"runs", runs}}
                   .dump(2)
            << '\n';
}

std::string time_text(const Scenario& scenario, const RunEstimate& estimate) {
  if (!scenario.boards.empty()) return "the boards'";
  if (scenario.mode == Mode::kReal) return "the machines'";
  return fmt::format("{:.4g} s", to_seconds(estimate.time));
}

// Only what trains takes time worth telling.
std::string wall_text(const RunEstimate& e, bool is_trained) {
  return is_trained && e.wall_s > 0 ? fmt::format("{:.3g} s", e.wall_s) : "";
}
std::string memory_text(Bytes memory) {
  if (memory.count == 0) return "";
  return fmt::format("{:.0f} MiB", static_cast<double>(memory.count) / 1048576.0);
}

// What computing all of it takes: runs that share weights train once.
std::string total_text(double wall_s, Bytes memory) {
  if (wall_s == 0) return "";
  return fmt::format("to compute in all: about {:.0f} s of one core of the 'cpu' profile, {}\n",
                     std::ceil(wall_s), memory_text(memory));
}

std::vector<std::string> head_of(const std::vector<std::string>& keys) {
  std::vector<std::string> head{"run"};
  for (const std::string& key : keys) head.push_back(heading(key, keys));
  head.insert(head.end(), {"nodes", "weights", "time", "to compute", "memory"});
  return head;
}

void print_table(const Experiment& experiment) {
  std::vector<Overrides> overrides;
  for (const ExpandedRun& run : experiment.runs) overrides.push_back(run.overrides);
  const std::vector<std::string> keys = override_keys(overrides);
  const auto groups = weight_groups(experiment.runs);
  std::vector<std::vector<std::string>> rows{head_of(keys)};
  double wall_s = 0;
  Bytes memory{0};
  for (std::size_t i = 0; i < experiment.runs.size(); ++i) {
    const ExpandedRun& run = experiment.runs[i];
    std::vector<std::string> row{std::to_string(i)};
    for (const std::string& key : keys) row.push_back(value_of(run.overrides, key));
    row.push_back(std::to_string(seating(run.scenario.topology).nodes()));
    row.push_back(!trains(run.scenario.workload) ? "none"
                  : groups[i] == i               ? "trained"
                                                 : fmt::format("of run {}", groups[i]));
    const RunEstimate e = estimate_run(run.scenario);
    row.insert(row.end(),
               {time_text(run.scenario, e), wall_text(e, groups[i] == i), memory_text(e.memory)});
    rows.push_back(std::move(row));
    if (groups[i] == i) wall_s += e.wall_s;
    memory.count = std::max(memory.count, e.memory.count);
  }
  const std::size_t runs = experiment.runs.size();
  const int repeats = experiment.scenario.repeats;
  std::cout << fmt::format("{}: {} {}, {} {} each\n", experiment.scenario.name, runs,
                           runs == 1 ? "run" : "runs", repeats, repeats == 1 ? "repeat" : "repeats")
            << text_table(rows) << total_text(wall_s, memory);
  const bool waits =
      std::any_of(experiment.runs.begin(), experiment.runs.end(),
                  [](const auto& run) { return takes_real_time(run.scenario.boards); });
  if (waits) std::cout << "boards of kind pty and serial: this takes real time, not virtual time\n";
}

void validate(const Options& options, const Session& session) {
  if (options.schema) {
    std::cout << scenario_schema().dump(2) << '\n';
    return;
  }
  if (options.file.empty()) throw ScenarioError("validate needs a scenario file");
  const Experiment experiment = load_experiment(options.file, options.sets);
  if (session.json) return print_json(experiment);
  if (!session.quiet) print_table(experiment);
}

}  // namespace

void add_validate(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("validate", "Check a scenario and print the runs it stands for");
  auto options = std::make_shared<Options>();
  command->add_option("file", options->file, "The scenario");
  command->add_option("--set", options->sets, "section.key=value, over the file; repeatable")
      ->allow_extra_args(false);
  command->add_flag("--schema", options->schema, "Print the JSON Schema of scenarios instead");
  add_common_flags(*command, session);
  command->callback([options, &session] { validate(*options, session); });
}

}  // namespace understudy
