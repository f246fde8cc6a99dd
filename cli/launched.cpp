// One rank that somebody else's launcher has started. Rank 0's process keeps the run's folder and
// coordinates, and starts the process that is rank 0's node.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/interrupt.hpp"
#include "cli/worker.hpp"
#include "results/experiment/check_units.hpp"
#include "results/experiment/emulated_unit.hpp"
#include "runtime/base/log.hpp"
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

// Of a scenario's `cuda` and of NCCL: the one of the local rank, or the only one where the launcher shows
// each process its own.
int own_gpu(const LaunchPlace& place, const WorkerTools& tools) {
  if (std::getenv("CUDA_VISIBLE_DEVICES") != nullptr && tools.count_gpus() == 1) return 0;
  if (place.local_rank) return *place.local_rank;
  throw ScenarioError(
      fmt::format("the ranks of a host take its GPUs by their local ranks, which {} has not given: "
                  "--local-rank does",
                  place.source));
}

// What this build or this host lacks is known before the others are met. Returns the GPU that is this
// rank's own; 0 where it needs none.
int check_own_host(const Experiment& experiment, const LaunchPlace& place,
                   const WorkerTools& tools) {
  int own = 0;
  for (const ExpandedRun& run : experiment.runs) {
    const Topology topology = topology_of(run.scenario);
    const auto cuda = parse_cuda(topology.places()[static_cast<std::size_t>(place.rank)].device);
    const auto library = library_of(run.scenario.strategy);
    if ((cuda && !cuda->index) || library == CollectiveKind::kNccl) own = own_gpu(place, tools);
    const int gpu = cuda ? cuda->index.value_or(own) : own;
    if (library) tools.make_library({.kind = *library, .gpu = gpu, .tell = [](const auto&) {}});
    if (cuda) tools.require_gpu({.gpu = gpu});
  }
  return own;
}

void require_loopback(const Experiment& experiment, const std::string& address) {
  if (address.starts_with("127.")) return;
  for (const ExpandedRun& run : experiment.runs) {
    const auto library = library_of(run.scenario.strategy);
    if (!library) continue;
    // Inside a host either listens on loopback, but NCCL's environment may tell it otherwise.
    const bool inside = has_library_inside(*collective_of(run.scenario.strategy));
    if (inside && library == CollectiveKind::kGloo) continue;
    throw ScenarioError(fmt::format(
        "strategy: {} would talk at {} without keys or encryption; where the network can be "
        "trusted, --trusted-network says so to every rank",
        name(*library), address));
  }
}

Participant participant(const LaunchPlace& place) {
  Participant self;
  self.rank = Rank{static_cast<std::uint32_t>(place.rank)};
  self.world = static_cast<std::uint32_t>(place.world);
  self.host = host_name();
  self.host_identity = host_identity();
  self.process = getpid();
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

void be_rank_0(const LaunchedOptions& options, const RankZero& rank_zero, bool is_restarted,
               Session& session) {
  RunOptions run = options.run;
  run.resume = run.resume || (is_restarted && can_resume(run));
  RendezvousHost& rendezvous = *rank_zero.rendezvous;
  try {
    run_scenario(run, session, rank_zero);
  } catch (const Error& problem) {
    rendezvous.end(problem.exit_code(), problem.what());
    throw;
  } catch (const std::exception& problem) {
    rendezvous.end(ExitCode::kFailed, problem.what());
    throw;
  }
  rendezvous.end(ExitCode::kDone, "");
}

// So that the others need not wait for this rank; whoever does not hear of it finds out by waiting.
void excuse(const RendezvousOptions& meeting, const LaunchPlace& place, const Error& problem) {
  constexpr Duration kBrief = std::chrono::seconds{5};
  RendezvousOptions brief = meeting;
  brief.wait = std::min(meeting.wait, kBrief);
  Participant self = participant(place);
  self.problem = problem.what();
  self.code = problem.exit_code();
  try {
    if (place.rank == 0) {
      RendezvousHost(brief, self).end(self.code, fmt::format("{}: {}", self.name(), self.problem));
    } else {
      RendezvousGuest(brief, self).ask();
    }
  } catch (const std::exception&) {
    // The problem itself is what counts.
  }
}

// Asks the run to stop where a launcher was killed that could not end its ranks any more.
class LauncherWatch {
 public:
  LauncherWatch() : launcher_(getppid()), thread_([this] { watch(); }) {}
  ~LauncherWatch() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    over_changed_.notify_all();
    thread_.join();
  }
  LauncherWatch(const LauncherWatch&) = delete;
  LauncherWatch& operator=(const LauncherWatch&) = delete;

 private:
  void watch() {
    constexpr std::chrono::milliseconds kInterval{500};
    std::unique_lock lock(mutex_);
    while (!over_changed_.wait_for(lock, kInterval, [this] { return over_; })) {
      if (getppid() == launcher_) continue;
      spdlog::warn("the launcher has ended, and so the run is asked to stop");
      kill(getpid(), SIGTERM);
      return;
    }
  }
  pid_t launcher_;
  std::mutex mutex_;
  std::condition_variable over_changed_;
  bool over_ = false;
  std::thread thread_;
};

struct Prepared {
  Experiment experiment;
  int gpu = 0;  // this rank's own
  Participant self;
};
Prepared prepare(const LaunchedOptions& options, const LaunchPlace& place,
                 const WorkerTools& tools) {
  Prepared all{load_experiment(options.run.file, options.run.sets), 0, participant(place)};
  check_runs(all.experiment, place);
  all.gpu = check_own_host(all.experiment, place, tools);
  all.self.hash = hash_of(all.experiment);
  all.self.scenario = write_yaml(all.experiment.scenario);
  return all;
}

}  // namespace

void run_launched(const LaunchedOptions& options, const WorkerTools& tools, Session& session) {
  const LaunchPlace place = place_of(options.flags, own_environment());
  if (!session.quiet) std::cerr << describe(place) << '\n';
  const RendezvousOptions meeting = rendezvous_options(options, place);
  std::optional<LauncherWatch> watch;
  if (place.is_child) watch.emplace();
  std::optional<Prepared> prepared;
  try {
    prepared = prepare(options, place, tools);
  } catch (const Error& problem) {
    if (place.world > 1) excuse(meeting, place, problem);
    throw;
  }
  const auto& [experiment, gpu, self] = *prepared;
  if (place.rank == 0) {
    RendezvousHost rendezvous(meeting, self);
    if (!options.trusted_network) require_loopback(experiment, rendezvous.address());
    return be_rank_0(options, {&rendezvous, gpu, options.pins}, place.restarts > 0, session);
  }
  RendezvousGuest rendezvous(meeting, self);
  if (!options.trusted_network) require_loopback(experiment, rendezvous.address());
  run_guest(rendezvous, {options.run.data_dir, gpu, options.pins, meeting.interrupt}, tools);
}

}  // namespace understudy
