#include "results/summary/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "results/summary/baseline.hpp"
#include "results/summary/columns.hpp"
#include "results/summary/curve.hpp"

namespace understudy {
namespace {

Duration busy(const NodeStatistics& node, Phase phase) {
  return node.busy[static_cast<std::size_t>(phase)];
}

double compute_s(const NodeStatistics& node) {
  Duration sum{0};
  for (int phase = 0; phase < kPhases; ++phase) {
    if (static_cast<Phase>(phase) != Phase::kReduce) sum += busy(node, static_cast<Phase>(phase));
  }
  return to_seconds(sum);
}

void add_phases(const NodeStatistics& node, std::map<std::string, double>& phases_s) {
  for (int phase = 0; phase < kPhases; ++phase)
    phases_s[name(static_cast<Phase>(phase))] += to_seconds(busy(node, static_cast<Phase>(phase)));
}

bool serves(const Unit& unit, std::size_t rank) {
  return rank < unit.places.size() && unit.places[rank].serves;
}

// When the last update had been made and measured.
TimePoint end_of_training(const Unit& unit) {
  TimePoint end = kStart;
  for (const auto& samples : unit.samples) {
    for (const Sample& s : samples) {
      if (s.position.step && *s.position.step == unit.updates) end = std::max(end, s.time);
    }
  }
  return end == kStart ? unit.time : end;
}

void add_nodes(const Unit& unit, RepeatSummary& out) {
  double workers = 0;
  for (std::size_t rank = 0; rank < unit.nodes.size(); ++rank) {
    const NodeStatistics& node = unit.nodes[rank];
    const double compute = compute_s(node);
    out.utilisation.push_back(out.time_s > 0 ? compute / out.time_s : 0);
    out.bytes_sent += node.bytes_sent;
    out.messages += node.messages;
    if (serves(unit, rank)) continue;
    if (workers == 0 || compute > out.critical_compute_s) {
      out.critical_compute_s = compute;
      out.critical_exposed_communication_s = to_seconds(node.exposed);
    }
    workers += 1;
    add_phases(node, out.phases_s);
    out.compute_s += compute;
    out.communication_s += to_seconds(node.communication);
    out.exposed_communication_s += to_seconds(node.exposed);
  }
  if (workers == 0) return;
  for (double* sum : {&out.compute_s, &out.communication_s, &out.exposed_communication_s})
    *sum /= workers;
  for (auto& [phase, seconds] : out.phases_s) seconds /= workers;
}

std::vector<FlowTimes> flows_of(const Unit& unit) {
  std::map<int, FlowTimes> flows;
  for (const auto& samples : unit.samples) {
    for (const Sample& s : samples) {
      FlowTimes& flow = flows[s.position.step.value_or(0)];
      flow.flow = s.position.step.value_or(0);
      if (s.name == "start_s") flow.start_s = s.value;
      if (s.name == "finish_s") flow.finish_s = s.value;
      if (s.name == "rate") flow.rate = s.value;
      if (s.name == "delivered") flow.delivered = s.value != 0;
    }
  }
  std::vector<FlowTimes> list;
  for (const auto& [number, flow] : flows) list.push_back(flow);
  return list;
}

RepeatSummary summarise(const Unit& unit, WorkloadKind kind) {
  RepeatSummary out;
  out.repeat = unit.key.repeat;
  out.seed = unit.seed;
  out.final = final_metrics(unit);
  out.time_s = to_seconds(unit.time);
  out.steps = unit.updates;
  out.weights_hash = unit.weights_hash;
  out.wall_s = unit.wall_s;
  out.weights_of = unit.weights_of;
  out.emulation = unit.emulation;
  for (const auto& [metric, scores] : unit.client_scores)
    if (!scores.empty()) out.over_clients[metric] = bootstrap_mean({scores}, unit.seed);
  add_nodes(unit, out);
  if (unit.updates > 0) {
    out.update_time_s = to_seconds(end_of_training(unit)) / static_cast<double>(unit.updates);
    out.epoch_time_s = *out.update_time_s * static_cast<double>(unit.updates_per_epoch);
  }
  if (kind == WorkloadKind::kTraffic) out.flows = flows_of(unit);
  return out;
}

std::map<std::string, double> numbers(const RepeatSummary& r, int workers) {
  std::map<std::string, double> all = r.final;
  all["time_s"] = r.time_s;
  all["compute_s"] = r.compute_s;
  all["communication_s"] = r.communication_s;
  all["exposed_communication_s"] = r.exposed_communication_s;
  all["critical_compute_s"] = r.critical_compute_s;
  all["critical_exposed_communication_s"] = r.critical_exposed_communication_s;
  all["bytes_sent"] = static_cast<double>(r.bytes_sent);
  all["messages"] = static_cast<double>(r.messages);
  all["steps"] = static_cast<double>(r.steps);
  all["wall_s"] = r.wall_s;
  if (r.epoch_time_s) all["epoch_time_s"] = *r.epoch_time_s;
  if (r.update_time_s) all["update_time_s"] = *r.update_time_s;
  // Workers come first.
  const auto n = std::min(r.utilisation.size(), static_cast<std::size_t>(workers));
  double sum = 0;
  for (std::size_t rank = 0; rank < n; ++rank) sum += r.utilisation[rank];
  if (n > 0) all["utilisation"] = sum / static_cast<double>(n);
  return all;
}

std::map<std::string, Estimate> estimates(const RunSummary& run) {
  std::map<std::string, std::vector<double>> values;
  for (const RepeatSummary& repeat : run.repeats) {
    for (const auto& [name, value] : numbers(repeat, run.workers)) values[name].push_back(value);
  }
  std::map<std::string, Estimate> estimates;
  for (const auto& [name, list] : values) estimates[name] = estimate(list);
  return estimates;
}

// From scores of all repeats, in their order, whichever order the units come in.
void add_bootstrap(const Experiment& experiment, std::span<const Unit> units, Summary& summary) {
  for (std::size_t run = 0; run < summary.runs.size(); ++run) {
    std::map<std::string, std::map<std::size_t, std::vector<double>>> scores;
    for (const Unit& unit : units) {
      if (unit.key.run != run) continue;
      for (const auto& [metric, values] : unit.client_scores)
        if (!values.empty()) scores[metric][unit.key.repeat] = values;
    }
    for (const auto& [metric, by_repeat] : scores) {
      std::vector<std::vector<double>> groups;
      for (const auto& [repeat, values] : by_repeat) groups.push_back(values);
      summary.runs[run].over_seeds_and_clients[metric] =
          bootstrap_mean(groups, experiment.runs[run].scenario.seed);
    }
  }
}

std::string device_of(const TopologyConfig& topology) {
  return std::visit([](const auto& config) { return config.device; }, topology);
}

RunSummary describe(const ExpandedRun& run) {
  RunSummary out;
  const Seating seats = seating(run.scenario.topology);
  const std::string device = device_of(run.scenario.topology);
  out.overrides = run.overrides;
  out.kind = static_cast<WorkloadKind>(run.scenario.workload.index());
  out.workers = seats.workers;
  out.machines = seats.machines();
  out.mode = run.scenario.mode;
  out.on_gpus = !device.empty() && device != "cpu" && device != "ideal";
  out.declared_cost = declares_compute(run.scenario);
  out.has_boards = !run.scenario.boards.empty();
  out.expect = run.scenario.expect;
  return out;
}

bool differ(const std::vector<RunSummary>& runs, int RunSummary::*number) {
  return std::any_of(runs.begin(), runs.end(),
                     [&](const RunSummary& r) { return r.*number != runs.front().*number; });
}

std::string counted(int count, const std::string& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void append(std::string& text, const std::string& more) {
  text += (text.empty() ? "" : ", ") + more;
}

// Whether some line would go through two runs of the same number of workers.
bool ambiguous(const std::vector<RunSummary>& runs) {
  std::set<std::pair<std::string, int>> seen;
  return std::any_of(runs.begin(), runs.end(), [&](const RunSummary& r) {
    return !seen.emplace(r.series, r.workers).second;
  });
}

void name_runs(std::vector<RunSummary>& runs) {
  std::vector<Overrides> overrides;
  for (const RunSummary& run : runs) overrides.push_back(run.overrides);
  const std::vector<std::string> keys = telling_keys(overrides);
  for (RunSummary& run : runs) run.series = joined(run.overrides, keys);
  const bool by_machines = ambiguous(runs), by_workers = differ(runs, &RunSummary::workers);
  const bool machines_differ = differ(runs, &RunSummary::machines);
  for (RunSummary& run : runs) {
    run.label = run.series;
    if (by_workers) append(run.label, counted(run.workers, run.on_gpus ? "GPU" : "worker"));
    if (machines_differ) append(run.label, counted(run.machines, "machine"));
    if (by_machines) append(run.series, counted(run.machines, "machine"));
  }
}

}  // namespace

const Estimate* RunSummary::find(const std::string& metric) const {
  const auto found = statistics.find(metric);
  return found == statistics.end() ? nullptr : &found->second;
}

const Estimate* RunSummary::predicted_time() const {
  if (!prediction) return nullptr;
  return find(kind == WorkloadKind::kCollective ? "collective_time_s" : "update_time_s");
}

Summary summarise(const Experiment& experiment, std::span<const Unit> units) {
  Summary summary{experiment.scenario.name, {}};
  for (const ExpandedRun& run : experiment.runs) summary.runs.push_back(describe(run));
  name_runs(summary.runs);
  for (const Unit& unit : units) {
    RunSummary& run = summary.runs.at(unit.key.run);
    run.repeats.push_back(summarise(unit, run.kind));
  }
  for (RunSummary& run : summary.runs) {
    std::sort(run.repeats.begin(), run.repeats.end(),
              [](const RepeatSummary& a, const RepeatSummary& b) { return a.repeat < b.repeat; });
    run.statistics = estimates(run);
  }
  for (std::size_t i = 0; i < summary.runs.size(); ++i) {
    if (!summary.runs[i].repeats.empty())
      summary.runs[i].prediction = predict(experiment.runs[i].scenario);
  }
  add_bootstrap(experiment, units, summary);
  add_baselines(experiment, units, summary);
  return summary;
}

}  // namespace understudy
