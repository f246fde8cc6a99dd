// One rank that somebody else's launcher has started. Rank 0's process keeps the run's folder and
// coordinates, and starts the process that is rank 0's node.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "cli/interrupt.hpp"
#include "cli/worker.hpp"
#include "results/experiment/check_units.hpp"
#include "results/experiment/emulated_unit.hpp"
#include "runtime/collectives/collective.hpp"
#include "runtime/launch/addresses.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

void check_runs(const Experiment& experiment, const LaunchPlace& place) {
  for (const ExpandedRun& run : experiment.runs) {
    if (run.scenario.mode != Mode::kReal)
      throw ScenarioError(
          fmt::format("{}: what a launcher starts runs in the mode real; --set mode=real says so",
                      experiment.scenario.name));
    const std::size_t nodes = topology_of(run.scenario).places().size();
    if (nodes != static_cast<std::size_t>(place.world))
      throw ScenarioError(
          fmt::format("{}: the topology has {} nodes, but {} has started {} ranks, and each is one",
                      experiment.scenario.name, nodes, place.source, place.world));
  }
}

// Nothing: the scenario gives this rank no GPU.
std::optional<int> gpu_of(const Scenario& scenario, const LaunchPlace& place) {
  const Topology topology = topology_of(scenario);
  const auto cuda = parse_cuda(topology.places()[static_cast<std::size_t>(place.rank)].device);
  return cuda ? std::optional(cuda->index.value_or(place.local_rank)) : std::nullopt;
}

// What this build or this host lacks is known before the others are met.
void check_libraries(const Experiment& experiment, const LaunchPlace& place,
                     const WorkerTools& tools) {
  for (const ExpandedRun& run : experiment.runs) {
    const auto kind = library_of(run.scenario.strategy);
    if (!kind) continue;
    LibraryPlace trial;
    trial.kind = *kind;
    trial.gpu = gpu_of(run.scenario, place).value_or(place.local_rank);
    trial.tell = [](const std::string&) {};
    tools.make_library(trial);
  }
}

// This rank's GPU, where it has one.
void check_device(const Experiment& experiment, const LaunchPlace& place,
                  const WorkerTools& tools) {
  for (const ExpandedRun& run : experiment.runs) {
    const auto gpu = gpu_of(run.scenario, place);
    if (gpu) tools.watch_gpu({.gpu = *gpu});
  }
}

void require_loopback(const Experiment& experiment, const std::string& address) {
  if (address.starts_with("127.")) return;
  for (const ExpandedRun& run : experiment.runs) {
    const auto library = library_of(run.scenario.strategy);
    if (!library) continue;
    // Inside a host Gloo listens on loopback; NCCL chooses by itself.
    const bool inside = !is_of_library(collective_of(run.scenario.strategy)->kind);
    if (inside && library == CollectiveKind::kGloo) continue;
    throw ScenarioError(fmt::format(
        "strategy: {} would talk at {} without keys or encryption; where the network can be "
        "trusted, --trusted-network says so to every rank",
        name(*library), address));
  }
}

Participant participant(const Experiment& experiment, const LaunchPlace& place) {
  Participant self;
  self.rank = Rank{static_cast<std::uint32_t>(place.rank)};
  self.world = static_cast<std::uint32_t>(place.world);
  self.host = host_name();
  self.host_identity = host_identity();
  self.process = getpid();
  self.hash = hash_of(experiment);
  self.scenario = write_yaml(experiment.scenario);
  return self;
}

RendezvousOptions rendezvous_options(const LaunchedOptions& options, const LaunchPlace& place) {
  RendezvousOptions o;
  o.host = place.host;
  o.port = place.port;
  o.interface = options.interface;
  o.keys = options.keys;
  o.wait = from_seconds(options.wait_s);
  o.interrupt = &catch_interrupts();
  return o;
}

void be_rank_0(const LaunchedOptions& options, const LaunchPlace& place, RendezvousHost& rendezvous,
               Session& session) {
  RunOptions run = options.run;
  run.resume = run.resume || (place.restarts > 0 && can_resume(run));
  try {
    run_scenario(run, session, {&rendezvous, place.local_rank, options.pins});
  } catch (const Error& problem) {
    rendezvous.end(problem.exit_code(), problem.what());
    throw;
  } catch (const std::exception& problem) {
    rendezvous.end(ExitCode::kFailed, problem.what());
    throw;
  }
  rendezvous.end(ExitCode::kDone, "");
}

}  // namespace

void run_launched(const LaunchedOptions& options, const WorkerTools& tools, Session& session) {
  const LaunchPlace place = place_of(options.flags, own_environment());
  if (!session.quiet) std::cerr << describe(place) << '\n';
  const Experiment experiment = load_experiment(options.run.file, options.run.sets);
  check_runs(experiment, place);
  check_libraries(experiment, place, tools);
  check_device(experiment, place, tools);
  const RendezvousOptions meeting = rendezvous_options(options, place);
  if (place.rank == 0) {
    RendezvousHost rendezvous(meeting, participant(experiment, place));
    if (!options.trusted_network) require_loopback(experiment, rendezvous.address());
    return be_rank_0(options, place, rendezvous, session);
  }
  RendezvousGuest rendezvous(meeting, participant(experiment, place));
  if (!options.trusted_network) require_loopback(experiment, rendezvous.address());
  run_guest(rendezvous, {options.run.data_dir, place.local_rank, options.pins, meeting.interrupt},
            tools);
}

}  // namespace understudy
