#include "results/experiment/emulated_unit.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "results/experiment/node_usage.hpp"
#include "results/experiment/worker_placement.hpp"
#include "runtime/base/errors.hpp"
#include "scenarios/scenario_yaml.hpp"
#include "sim/emulation/child_process.hpp"
#include "sim/emulation/coordinator.hpp"
#include "sim/emulation/worker_world.hpp"
#include "sim/world/placed_node.hpp"

namespace understudy {
namespace {

using Json = nlohmann::json;

// Late by more than this share of the time, messages change what was to be measured.
constexpr double kToleratedShare = 0.01;

std::string text_at(int file) {
  std::string text;
  std::array<char, 65536> buffer{};
  for (ssize_t count; (count = read(file, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(count));
  close(file);
  return text;
}

std::string notice_of(const EmulationReport& r, const std::vector<NodePlace>& places,
                      TimePoint time) {
  const double all = to_seconds(time) * static_cast<double>(places.size());
  std::string text;
  if (to_seconds(r.lateness.total()) > kToleratedShare * all) {
    text += fmt::format(
        "the emulation could not keep up: messages were {:.3g} ms late in the median and {:.3g} ms "
        "in the worst hundredth, {:.1f} % of the time; a larger emulation.dilation helps",
        1e3 * to_seconds(r.lateness.quantile(0.5)), 1e3 * to_seconds(r.lateness.quantile(0.99)),
        100 * to_seconds(r.lateness.total()) / all);
  }
  if (to_seconds(r.overrun_time) > kToleratedShare * all) {
    text += fmt::format(
        "{}{} computations took longer than their device's profile says, {:.3g} s in all, {:.1f} % "
        "of the time; a larger emulation.dilation helps",
        text.empty() ? "" : "; ", r.overruns, to_seconds(r.overrun_time),
        100 * to_seconds(r.overrun_time) / all);
  }
  for (const LostNode& lost : r.lost) {
    text += fmt::format("{}the run went on without rank {} from {:.3g} s on",
                        text.empty() ? "" : "; ", lost.rank.value, to_seconds(lost.time));
  }
  return text;
}

// Who makes the records that the run is about.
std::vector<Rank> needed_nodes(const Scenario& scenario, const Topology& topology) {
  const Communicator members = members_of(topology);
  if (std::holds_alternative<GossipConfig>(scenario.strategy)) return {members.members.front()};
  return members.server ? std::vector<Rank>{*members.server} : std::vector<Rank>{};
}

CoordinatorOptions coordinator_options(const UnitTask& task, const Topology& topology) {
  const Scenario& scenario = *task.scenario;
  const bool real = scenario.mode == Mode::kReal;
  CoordinatorOptions o;
  o.emulation = scenario.emulation;
  o.network = real ? NetworkConfig(IdealConfig{}) : scenario.network;
  o.faults = scenario.faults;
  if (real) o.rendezvous = task.launch->rendezvous;
  o.seed = repeat_seed(scenario.seed, task.key.repeat);
  const bool needs_torch = images_of(scenario.workload) != nullptr || library_of(scenario.strategy);
  o.program = (task.launch->programs / (needs_torch ? "understudy-node" : "understudy")).string();
  o.arguments = {"worker", "--settings", std::to_string(ChildProcess::kInput)};
  const Json common = {{"scenario", write_yaml(scenario)},
                       {"run", task.key.run},
                       {"repeat", task.key.repeat},
                       {"own_gpu", task.launch->own_gpu},
                       {"pins", task.launch->pins},
                       {"data_dir", task.launch->data_dir},
                       {"weights_prefix", task.weights_prefix.string()}};
  o.input = [common, &scenario, &topology](const WorkerSettings& settings) {
    WorkerPlacement(scenario, topology, settings, {}).require_one_host();
    Json whole = common;
    whole["settings"] = to_json(settings);
    return whole.dump();
  };
  if (!task.launch->logs.empty()) {
    o.logs = task.launch->logs / fmt::format("unit-{:04}-{:02}", task.key.run, task.key.repeat);
    std::filesystem::create_directories(o.logs);
  }
  o.needed = needed_nodes(scenario, topology);
  o.interrupt = task.interrupt;
  if (task.gradients != nullptr)
    o.on_gradients = [&count = *task.gradients](std::int64_t n) { count = n; };
  if (has_state(o.network, o.faults)) return o;
  o.resume = task.resume;
  o.on_safe_point = task.on_safe_point;
  return o;
}

std::string common_hash(const std::vector<Json>& results) {
  std::string hash;
  for (std::size_t rank = 0; rank < results.size(); ++rank) {
    if (results[rank].is_null()) continue;
    const std::string mine = results[rank].at("weights_hash").get<std::string>();
    if (hash.empty()) hash = mine;
    if (!mine.empty() && mine != hash)
      throw RunError(fmt::format("rank {} ended with other weights than those before it", rank));
  }
  return hash;
}

// Of the node that has them.
ClientScores client_scores_of(const std::vector<Json>& results) {
  for (const Json& result : results) {
    if (!result.is_null() && !result.at("client_scores").empty())
      return result.at("client_scores").get<ClientScores>();
  }
  return {};
}

}  // namespace

Unit run_emulated_unit(const UnitTask& task) {
  const auto start = std::chrono::steady_clock::now();
  const Topology topology = topology_of(*task.scenario);
  EmulatedRun run = run_emulated(topology, coordinator_options(task, topology));
  Unit unit = new_unit(task, topology);
  unit.weights_hash = common_hash(run.results);
  const Json& first = *std::find_if(run.results.begin(), run.results.end(),
                                    [](const Json& result) { return !result.is_null(); });
  unit.data_sizes = {first.at("train_samples").get<std::size_t>(),
                     first.at("test_samples").get<std::size_t>(),
                     first.at("shards").get<std::vector<std::size_t>>()};
  if (first.contains("images")) unit.data_sizes.images = parse_images(first.at("images"));
  unit.client_scores = client_scores_of(run.results);
  unit.updates = first.at("updates").get<std::int64_t>();
  unit.updates_per_epoch = first.at("updates_per_epoch").get<std::int64_t>();
  unit.time = run.end.time;
  unit.samples = std::move(run.end.samples);
  unit.nodes = std::move(run.end.nodes);
  unit.links = std::move(run.end.links);
  unit.notice = first.at("notice").get<std::string>();
  const std::string own = notice_of(run.report, unit.places, unit.time);
  if (!own.empty()) unit.notice += (unit.notice.empty() ? "" : "; ") + own;
  if (task.scenario->mode == Mode::kEmulated) unit.emulation = std::move(run.report);
  unit.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return unit;
}

namespace {

void work(const Json& given, const WorkerSettings& mine, const GuestOptions& options,
          const WorkerTools& tools) {
  const Document document = parse_document(given.at("scenario").get<std::string>(), "scenario");
  const Scenario scenario = read_scenario(document);
  DatasetCache datasets(options.data_dir.empty() ? DataPaths{} : DataPaths{options.data_dir});
  const Topology topology = topology_of(scenario);
  std::atomic<std::int64_t> gradients = 0;

  UnitTask task;
  task.key = {given.at("run").get<std::size_t>(), given.at("repeat").get<std::size_t>()};
  task.scenario = &scenario;
  const WorkerPlacement placement(
      scenario, topology, mine, {.own_gpu = options.own_gpu, .count_gpus = tools.count_gpus});
  const ComputeDevice device = placement.device();
  task.make_learner = [&](const Model& model) { return tools.make_learner(model, device); };
  task.datasets = &datasets;
  task.gradients = &gradients;
  task.weights_prefix = given.at("weights_prefix").get<std::string>();

  WorkerParts parts;
  parts.info = node_info(topology, mine.rank);
  parts.seed = repeat_seed(scenario.seed, task.key.repeat);
  parts.own_time = mine.real || device.gpu;
  // Of a device that is real only what computations take is known: a profile tells their phases apart.
  parts.profile = parts.own_time
                      ? find_profile({}, "cpu")
                      : profile_of(scenario.devices, topology.places()[mine.rank.index()]);
  parts.cost = parts.own_time ? CostKind::kMeasured : scenario.devices.cost;
  parts.factor = scenario.devices.factor;
  parts.interrupt = options.interrupt;
  parts.pins = !mine.real || options.pins;
  parts.library = placement.library();
  parts.make_library = tools.make_library;
  parts.leave = tools.leave;

  std::unique_ptr<Workload> workload;
  std::unique_ptr<GpuUsage> gpu;  // null: the node has none
  WorkerProgram program;
  program.prepare = [&] {
    placement.require_own_gpu();
    if (device.gpu) gpu = tools.watch_gpu(device);
    workload = workload_of(task, topology);
  };
  program.run = [&](Node& node) {
    if (!parts.own_time) return workload->run(node);
    return run_measured(*workload, node, std::move(gpu));
  };
  program.gradients = [&] { return gradients.load(); };
  program.result = [&] {
    const DataSizes sizes = workload->data_sizes();
    write_weights(task, *workload);
    Json result{{"weights_hash", workload->weights_hash()},
                {"train_samples", sizes.train},
                {"test_samples", sizes.test},
                {"shards", sizes.shards},
                {"client_scores", workload->client_scores()},
                {"updates", workload->updates()},
                {"updates_per_epoch", workload->updates_per_epoch()},
                {"notice", workload->notice()}};
    if (sizes.images) result["images"] = to_json(*sizes.images);
    return result;
  };
  WorkerWorld(mine, parts).run(program);
}

}  // namespace

void run_worker(int settings, const WorkerTools& tools) {
  Json given;
  try {
    given = Json::parse(text_at(settings));
  } catch (const Json::exception&) {
    throw ScenarioError("worker is started by 'understudy run', which hands it its settings");
  }
  work(given, parse_worker_settings(given.at("settings")),
       {given.at("data_dir").get<std::string>(), given.at("own_gpu").get<int>(),
        given.at("pins").get<bool>()},
       tools);
}

void run_guest(RendezvousGuest& rendezvous, const GuestOptions& options, const WorkerTools& tools) {
  while (const auto text = rendezvous.ask()) {
    const Json given = Json::parse(*text);
    WorkerSettings mine = parse_worker_settings(given.at("settings"));
    mine.bind = rendezvous.address();
    mine.origin_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::steady_clock::now().time_since_epoch())
                         .count();
    work(given, mine, options, tools);
  }
}

}  // namespace understudy
