// `understudy run FILE`: runs every repeat of every run of a scenario into a run directory.
#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/check_host.hpp"
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/run.hpp"
#include "cli/run_folder.hpp"
#include "results/experiment/check_data.hpp"
#include "results/experiment/experiment.hpp"
#include "results/experiment/provenance.hpp"
#include "results/report/publish.hpp"
#include "results/summary/expectation.hpp"
#include "runtime/learners/torch/set_up.hpp"
#include "runtime/learners/torch/torch_learner.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

const fs::path kRuns = fs::path("results") / "runs";

RunDirectory open_directory(const RunOptions& options, const Scenario& scenario) {
  const std::string resolved = write_yaml(scenario);
  if (!options.resume) {
    const fs::path path = options.out.empty() ? make_fresh_folder(kRuns, scenario.name,
                                                                  std::chrono::system_clock::now())
                                              : fs::path(options.out);
    RunDirectory directory = RunDirectory::create(path);
    directory.write("scenario.yaml", resolved);
    return directory;
  }
  const fs::path path =
      options.out.empty() ? newest_folder(kRuns, scenario.name) : fs::path(options.out);
  RunDirectory directory = RunDirectory::open(path);
  if (directory.read("scenario.yaml") != resolved) {
    throw ScenarioError(fmt::format("{}: is a run of another scenario, or of other --set arguments",
                                    path.string()));
  }
  return directory;
}

Provenance provenance_of(const RunOptions& options, const Scenario& scenario) {
  const TorchVersion torch = torch_version();
  return {.libraries = {{"libtorch", torch.version}},
          .instruction_set = torch.instruction_set,
          .seed = scenario.seed,
          .jobs = options.jobs};
}

Launch launch_of(const RunOptions& options, const RunDirectory& directory,
                 const RankZero& rank_zero) {
  return {.programs = fs::read_symlink("/proc/self/exe").parent_path(),
          .data_dir = options.data_dir,
          .logs = directory.path() / "logs",
          .rendezvous = rank_zero.rendezvous,
          .own_gpu = rank_zero.own_gpu,
          .pins = rank_zero.pins};
}

ExperimentResult compute(const Experiment& experiment, const RunDirectory& directory,
                         DatasetCache& datasets, const RunOptions& options, const Session& session,
                         const RankZero& rank_zero) {
  ProgressBar bar(session.quiet);
  ExperimentOptions how;
  how.jobs = options.jobs;
  how.retrain = options.retrain;
  how.trace = options.trace;
  how.make_learner = [](const Model& model) { return make_torch_learner(model); };
  how.datasets = &datasets;
  how.launch = launch_of(options, directory, rank_zero);
  how.interrupt = &catch_interrupts();
  how.on_progress = [&bar](const ProgressState& state) { bar.show(state); };
  return run_experiment(experiment, directory, how);
}

[[noreturn]] void give_up(const Experiment& experiment, const RunDirectory& directory,
                          const ExperimentResult& result) {
  throw Error(ExitCode::kInterrupted,
              fmt::format("interrupted; {} of {} repeats are finished and kept in {}; "
                          "--resume --out {} goes on",
                          result.units.size(), plan_units(experiment, false).size(),
                          directory.path().string(), directory.path().string()));
}

// Only the virtual world sees all that a trace tells.
void require_traceable(const Experiment& experiment) {
  for (const ExpandedRun& run : experiment.runs) {
    if (run.scenario.mode == Mode::kVirtual) continue;
    throw ScenarioError(
        "--trace: follows runs in virtual time only; --set mode=virtual traces the same scenario "
        "there, and 'understudy compare' holds its times against those of processes");
  }
}

void require_no_launcher(const Experiment& experiment) {
  for (const ExpandedRun& run : experiment.runs) {
    if (run.scenario.mode != Mode::kReal) continue;
    throw ScenarioError(fmt::format(
        "{}: ranks of the mode real are started by a launcher, each as 'understudy worker FILE': "
        "'mpirun -n {} understudy worker FILE', or by srun, torchrun --no-python, or hand",
        experiment.scenario.name, topology_of(run.scenario).places().size()));
  }
}

// Known before the run, not after it.
void require_writable(const std::string& path) {
  if (path.empty()) return;
  if (fs::is_directory(path)) throw RunError(fmt::format("{}: is a folder", path));
  const std::string unfinished = path + ".part";
  if (!std::ofstream(unfinished))
    throw RunError(fmt::format("{}: cannot be written: {}", path, std::strerror(errno)));
  fs::remove(unfinished);
}

void show(const Experiment& experiment, const RunDirectory& directory, const Summary& summary,
          const ExperimentResult& result, const Session& session) {
  if (session.json) {
    std::cout << to_json(summary).dump(2) << '\n';
    return;
  }
  if (session.quiet) return;
  std::cout << results_text(experiment, summary, result.units)
            << fmt::format("\nReport: {}\n", (directory.path() / "report.html").string());
}

// The run itself, once the directory stands; what happens is in run.json either way.
void run_in(const RunDirectory& directory, const Experiment& experiment, DatasetCache& datasets,
            const RunOptions& options, const Session& session, const RankZero& rank_zero) {
  const ExperimentResult result =
      compute(experiment, directory, datasets, options, session, rank_zero);
  if (result.interrupted) {
    if (!result.units.empty()) publish(directory, experiment, result.units);
    give_up(experiment, directory, result);
  }
  const Summary summary = publish(directory, experiment, result.units);
  show(experiment, directory, summary, result, session);
  const auto missed = misses(experiment, summary);
  if (!options.junit.empty()) write_whole(options.junit, junit(summary, missed));
  if (!missed.empty()) throw RunError(sentence(missed));
}

}  // namespace

void run_scenario(const RunOptions& options, Session& session, const RankZero& rank_zero) {
  const Experiment experiment = load_experiment(options.file, options.sets);
  if (rank_zero.rendezvous == nullptr) require_no_launcher(experiment);
  if (options.trace) require_traceable(experiment);
  if (rank_zero.rendezvous == nullptr) check_host(experiment);
  DatasetCache datasets(options.data_dir.empty() ? DataPaths{} : DataPaths{options.data_dir});
  // A run that is resumed may need no data any more.
  if (!options.resume) check_data(experiment, datasets);
  require_writable(options.junit);
  const RunDirectory directory = open_directory(options, experiment.scenario);
  const Provenance provenance = provenance_of(options, experiment.scenario);
  const auto leave = [&](ExitCode exit) {
    directory.write("run.json", run_json(provenance, exit).dump(2) + "\n");
  };
  // What failed first is what the user must hear of.
  const auto leave_failed = [&](ExitCode exit) {
    try {
      leave(exit);
    } catch (const std::exception&) {
    }
  };
  try {
    run_in(directory, experiment, datasets, options, session, rank_zero);
  } catch (const Error& problem) {
    leave_failed(problem.exit_code());
    throw;
  } catch (...) {
    leave_failed(ExitCode::kFailed);
    throw;
  }
  leave(ExitCode::kDone);
}

bool can_resume(const RunOptions& options) {
  if (!options.out.empty()) return fs::exists(fs::path(options.out) / "scenario.yaml");
  try {
    newest_folder(kRuns, load_experiment(options.file, options.sets).scenario.name);
    return true;
  } catch (const ScenarioError&) {
    return false;
  }
}

void add_run(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("run", "Run a scenario");
  auto options = std::make_shared<RunOptions>();
  command->add_option("file", options->file, "The scenario")->required();
  add_common_run_options(*command, *options);
  command->add_option("--jobs", options->jobs, "Threads; results do not depend on them")
      ->check(CLI::Range(1, 1024));
  command->add_option("--junit", options->junit, "Write what `expect` asked for as JUnit XML");
  command->add_flag(
      "--trace", options->trace,
      "Also write every message and computation of a run in virtual time to traces/, as "
      "JSON lines and for Perfetto");
  command->add_flag("--retrain", options->retrain,
                    "Train every run, and fail where weights differ that should not");
  add_common_flags(*command, session);
  command->callback([options, &session] { run_scenario(*options, session, {}); });
}

}  // namespace understudy
