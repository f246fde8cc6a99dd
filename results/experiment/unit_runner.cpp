#include "results/experiment/unit_runner.hpp"

#include <fmt/format.h>

#include <chrono>

#include "results/experiment/check_units.hpp"
#include "results/experiment/emulated_unit.hpp"
#include "runtime/learners/files/state_dictionary.hpp"
#include "topologies/neighbour_lists.hpp"

namespace understudy {
namespace {

// A replay of times, also of a run in processes.
bool runs_in_one_process(const UnitTask& task) {
  return task.scenario->mode == Mode::kVirtual || task.weights != nullptr;
}

WorkloadParts workload_parts(const UnitTask& task, const Topology& topology) {
  WorkloadParts parts;
  parts.members = members_of(topology);
  if (std::holds_alternative<GossipConfig>(task.scenario->strategy))
    parts.neighbours = neighbour_lists(topology);
  parts.seed = repeat_seed(task.scenario->seed, task.key.repeat);
  parts.one_process = runs_in_one_process(task);
  parts.gradients = task.gradients;
  if (task.weights != nullptr) {
    parts.data_sizes = task.weights->data_sizes;
    parts.updates = task.weights->updates;
  } else {
    if (!task.weights_prefix.empty()) parts.keep = task.scenario->keep_weights;
    parts.make_learner = task.make_learner;
    parts.datasets = task.datasets;
  }
  return parts;
}

RecordedValues recorded_values(const Unit& unit) {
  RecordedValues values;
  for (const auto& samples : unit.samples) {
    auto& of_node = values.emplace_back();
    for (const Sample& s : samples) of_node[s.name].push_back(s.value);
  }
  return values;
}

// A file that was altered, or cut short by something else than us, is no checkpoint.
bool fits(const WorldSnapshot& world, const Topology& topology) {
  const std::size_t nodes = topology.places().size();
  return world.time >= kStart && world.states.size() == nodes && world.samples.size() == nodes &&
         world.nodes.size() == nodes && world.links.size() == topology.links().size();
}

WorldOptions world_options(const UnitTask& task, const Topology& topology) {
  WorldOptions options;
  options.network = task.scenario->network;
  options.faults = task.scenario->faults;
  options.devices = task.scenario->devices;
  options.boards = task.scenario->boards;
  options.seed = repeat_seed(task.scenario->seed, task.key.repeat);
  options.interrupt = task.interrupt;
  options.on_event = task.on_event;
  if (task.weights != nullptr) {
    options.dry = true;
    options.replay = recorded_values(*task.weights);
    return options;
  }
  options.pool = task.pool;
  if (has_state(options.network, options.faults)) return options;
  if (task.resume != nullptr && fits(*task.resume, topology)) options.resume = task.resume;
  options.on_safe_point = task.on_safe_point;
  options.wants_snapshot = task.wants_snapshot;
  return options;
}

}  // namespace

Communicator members_of(const Topology& topology) {
  std::vector<Rank> ranks;
  std::vector<int> machines;
  std::optional<Rank> server;
  const auto places = topology.places();
  for (std::size_t r = 0; r < places.size(); ++r) {
    if (places[r].serves) {
      server = Rank{r};
    } else {
      ranks.push_back(Rank{r});
      machines.push_back(places[r].machine);
    }
  }
  return {.members = std::move(ranks), .machines = std::move(machines), .server = server};
}

std::uint64_t repeat_seed(std::uint64_t seed, std::size_t repeat) {
  return seed + 1'000'003 * repeat;
}

Topology topology_of(const Scenario& scenario) {
  Topology topology = make_topology(scenario.topology);
  topology.use_routing(conditions_of(scenario.network).routing);
  return topology;
}

std::unique_ptr<Workload> workload_of(const UnitTask& task, const Topology& topology) {
  return make_workload(task.scenario->workload, task.scenario->strategy,
                       workload_parts(task, topology));
}

void write_weights(const UnitTask& task, const Workload& workload) {
  if (task.weights_prefix.empty()) return;
  for (const KeptWeights& kept : workload.kept_weights()) {
    const std::string path = fmt::format("{}{}{}.pt", task.weights_prefix.string(),
                                         kept.name.empty() ? "" : "-", kept.name);
    write_state_dictionary(path, *kept.layout, kept.values);
  }
}

Unit new_unit(const UnitTask& task, const Topology& topology) {
  Unit unit;
  unit.key = task.key;
  unit.seed = repeat_seed(task.scenario->seed, task.key.repeat);
  unit.scenario_hash = hash_of(*task.scenario);
  for (const Place& p : topology.places())
    unit.places.push_back({p.machine, p.local_rank, p.serves});
  return unit;
}

Unit run_unit(const UnitTask& task) {
  if (!runs_in_one_process(task)) return run_emulated_unit(task);
  const auto start = std::chrono::steady_clock::now();
  const Topology topology = topology_of(*task.scenario);
  const auto workload = workload_of(task, topology);
  VirtualWorld world(topology, world_options(task, topology));
  world.run([&](Node& node) { return workload->run(node); }, workload->sleepers());
  write_weights(task, *workload);

  Unit unit = new_unit(task, topology);
  unit.weights_hash = workload->weights_hash();
  unit.data_sizes = workload->data_sizes();
  unit.client_scores = workload->client_scores();
  unit.notice = workload->notice();
  if (task.weights != nullptr) {
    unit.weights_of = task.weights->weights_of.value_or(task.weights->key);
    unit.weights_hash = task.weights->weights_hash;
    unit.client_scores = task.weights->client_scores;
    unit.notice = task.weights->notice;
  }
  unit.updates = workload->updates();
  unit.updates_per_epoch = workload->updates_per_epoch();
  WorldSnapshot end = world.snapshot();
  unit.time = end.time;
  unit.samples = std::move(end.samples);
  unit.nodes = std::move(end.nodes);
  unit.links = std::move(end.links);
  unit.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return unit;
}

}  // namespace understudy
