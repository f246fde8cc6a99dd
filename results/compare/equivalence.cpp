#include "results/compare/equivalence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <tuple>

#include "results/compare/pairing.hpp"
#include "results/experiment/node_usage.hpp"
#include "results/summary/columns.hpp"
#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

using StepKey = std::pair<std::size_t, int>;  // node, step
using StepTimes = std::map<StepKey, double>;  // seconds

std::optional<int> step_of(const Sample& s) {
  return s.position.step ? s.position.step : s.position.round;
}

// From the record before, or from the start.
StepTimes step_times(const Unit& unit, const std::string& metric) {
  StepTimes times;
  for (std::size_t node = 0; node < unit.samples.size(); ++node) {
    TimePoint before = kStart;
    for (const Sample& s : unit.samples[node]) {
      if (s.name != metric || !step_of(s)) continue;
      times[{node, *step_of(s)}] = to_seconds(s.time - before);
      before = s.time;
    }
  }
  return times;
}

StepTimes flow_times(const Unit& unit) {
  StepTimes starts, times;
  for (std::size_t node = 0; node < unit.samples.size(); ++node) {
    for (const Sample& s : unit.samples[node]) {
      const StepKey key{node, s.position.step.value_or(0)};
      if (s.name == "start_s") starts[key] = s.value;
      if (s.name == "finish_s") times[key] = s.value - starts[key];
    }
  }
  return times;
}

bool same_steps(const StepTimes& a, const StepTimes& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](const auto& x, const auto& y) { return x.first == y.first; });
}

std::optional<PairedSteps> pair_steps(const std::string& metric, const StepTimes& predicted,
                                      const StepTimes& measured) {
  PairedSteps out{.metric = metric};
  std::vector<double> sizes;
  for (const auto& [key, seconds] : predicted) {
    const auto other = measured.find(key);
    if (other == measured.end()) continue;
    const auto error = Paired{seconds, other->second}.error();
    if (!error) continue;
    sizes.push_back(std::abs(*error));
    if (sizes.size() > 1 && sizes.back() <= std::abs(out.largest)) continue;
    out.largest = *error;
    std::tie(out.node, out.step) = key;
  }
  if (sizes.empty()) return std::nullopt;
  std::sort(sizes.begin(), sizes.end());
  const auto quantile = [&](double q) {
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sizes.size())));
    return sizes[std::max<std::size_t>(rank, 1) - 1];
  };
  out.count = sizes.size();
  out.median = quantile(0.5);
  out.p90 = quantile(0.9);
  return out;
}

// By the first metric that marks the same steps on both sides.
std::optional<PairedSteps> pair_steps(const Unit& predicted, const Unit& measured,
                                      WorkloadKind kind) {
  if (kind == WorkloadKind::kTraffic)
    return pair_steps("finish_s", flow_times(predicted), flow_times(measured));
  std::set<std::string> seen;
  for (const auto& samples : predicted.samples) {
    for (const Sample& s : samples) {
      if (!step_of(s) || !seen.insert(s.name).second) continue;
      const StepTimes times = step_times(predicted, s.name), others = step_times(measured, s.name);
      if (same_steps(times, others)) return pair_steps(s.name, times, others);
    }
  }
  return std::nullopt;
}

ExchangesByKind exchanges_of(const Unit& unit) {
  ExchangesByKind all;
  for (const NodeStatistics& node : unit.nodes) {
    for (const auto& [kind, e] : node.exchanges) {
      all[kind].calls += e.calls;
      all[kind].time += e.time;
    }
  }
  return all;
}

double mean_s(const ExchangeStatistics& e) {
  return e.calls > 0 ? to_seconds(e.time) / static_cast<double>(e.calls) : 0;
}

std::vector<PairedExchange> pair_exchanges(const Unit& predicted, const Unit& measured) {
  ExchangesByKind mine = exchanges_of(predicted), theirs = exchanges_of(measured);
  for (const auto& [kind, e] : theirs) mine.try_emplace(kind);
  std::vector<PairedExchange> out;
  for (const auto& [kind, e] : mine) {
    const ExchangeStatistics& other = theirs[kind];
    out.push_back({kind, e.calls, other.calls, {mean_s(e), mean_s(other)}});
  }
  return out;
}

// Metrics that are times, or made from them, and so never quite the same.
bool is_time(const std::string& metric) {
  return metric.ends_with("_s") || metric.ends_with("_bandwidth") || metric == "rate";
}

// A record as it must be on both sides; times of flows may change the order of records.
using Expected = std::tuple<std::string, std::optional<int>, std::optional<int>, std::optional<int>,
                            std::uint64_t>;

std::vector<Expected> expected_records(const std::vector<Sample>& samples) {
  std::vector<Expected> out;
  for (const Sample& s : samples) {
    if (is_usage(s.name)) continue;  // of the machine
    const Position& at = s.position;
    out.emplace_back(s.name, at.step, at.round, at.epoch,
                     is_time(s.name) ? 0 : std::bit_cast<std::uint64_t>(s.value));
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string place_of(const Expected& record, std::size_t node) {
  std::string text = fmt::format("{} of node {}", std::get<0>(record), node);
  if (const auto step = std::get<1>(record)) text += fmt::format(" at step {}", *step);
  if (const auto round = std::get<2>(record)) text += fmt::format(" in round {}", *round);
  return text;
}

void pair_records(const Unit& predicted, const Unit& measured, PairedRepeat& out) {
  for (std::size_t node = 0; node < predicted.samples.size(); ++node) {
    const auto mine = expected_records(predicted.samples[node]);
    const auto theirs = node < measured.samples.size() ? expected_records(measured.samples[node])
                                                       : std::vector<Expected>();
    if (!mine.empty() && out.records == Sameness::kNothingToCompare) out.records = Sameness::kSame;
    const auto [a, b] = std::mismatch(mine.begin(), mine.end(), theirs.begin(), theirs.end());
    if (a == mine.end() && b == theirs.end()) continue;
    out.records = Sameness::kDifferent;
    out.first_difference = place_of(a != mine.end() ? *a : *b, node);
    return;
  }
}

Sameness compare_weights(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return Sameness::kNothingToCompare;
  return a == b ? Sameness::kSame : Sameness::kDifferent;
}

PairedRepeat pair_repeats(const Unit& predicted, const Unit& measured, const RepeatSummary& mine,
                          const RepeatSummary& theirs, WorkloadKind kind) {
  PairedRepeat out;
  out.repeat = mine.repeat;
  out.time_s = {mine.time_s, theirs.time_s};
  out.compute_s = {mine.compute_s, theirs.compute_s};
  for (const auto& [phase, seconds] : mine.phases_s) {
    const auto other = theirs.phases_s.find(phase);
    out.phases_s.emplace_back(phase,
                              Paired{seconds, other == theirs.phases_s.end() ? 0 : other->second});
  }
  out.exchanges = pair_exchanges(predicted, measured);
  out.steps = pair_steps(predicted, measured, kind);
  out.weights = compare_weights(predicted.weights_hash, measured.weights_hash);
  pair_records(predicted, measured, out);
  out.messages = {static_cast<double>(mine.messages), static_cast<double>(theirs.messages)};
  out.bytes = {static_cast<double>(mine.bytes_sent), static_cast<double>(theirs.bytes_sent)};
  out.emulation = measured.emulation;
  return out;
}

const Unit* find_unit(const std::vector<Unit>& units, UnitKey key) {
  const auto found =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.key == key; });
  return found == units.end() ? nullptr : &*found;
}

// One side with what is known of all its runs.
struct Side {
  explicit Side(const FinishedRun& finished)
      : run(finished), summary(summarise(finished.experiment, finished.units)) {
    for (const ExpandedRun& r : finished.experiment.runs) overrides.push_back(r.overrides);
    // Sizes too: here they are all that tells runs apart.
    keys = telling_keys(overrides);
    for (const std::string& key : override_keys(overrides))
      if (key.starts_with("topology.") && std::find(keys.begin(), keys.end(), key) == keys.end())
        keys.push_back(key);
    std::erase_if(keys, [](const std::string& key) {
      return key == "mode" || key.starts_with("emulation.");
    });
  }
  const Scenario& scenario(std::size_t i) const { return run.experiment.runs[i].scenario; }
  std::string label(std::size_t i) const { return joined(overrides[i], keys); }
  std::string label_or_whole(std::size_t i) const {
    return label(i).empty() ? "the run" : label(i);
  }

  const FinishedRun& run;
  Summary summary;
  std::vector<Overrides> overrides;
  std::vector<std::string> keys;
};

PairedRun pair_run(const Side& predicted, std::size_t i, const Side& measured, std::size_t j) {
  PairedRun out;
  out.label = predicted.label(i);
  out.predicted_mode = predicted.scenario(i).mode;
  out.measured_mode = measured.scenario(j).mode;
  out.predicted_declares = declares_compute(predicted.scenario(i));
  out.measured_declares = declares_compute(measured.scenario(j));
  out.difference = first_difference(predicted.scenario(i), measured.scenario(j));
  out.wanted = static_cast<std::size_t>(
      std::max(predicted.scenario(i).repeats, measured.scenario(j).repeats));
  const RunSummary &mine = predicted.summary.runs[i], &theirs = measured.summary.runs[j];
  for (const RepeatSummary& a : mine.repeats) {
    for (const RepeatSummary& b : theirs.repeats) {
      if (a.repeat != b.repeat) continue;
      out.repeats.push_back(pair_repeats(*find_unit(predicted.run.units, {i, a.repeat}),
                                         *find_unit(measured.run.units, {j, b.repeat}), a, b,
                                         mine.kind));
    }
  }
  return out;
}

bool has_mode(const FinishedRun& run, Mode mode) {
  return std::any_of(run.experiment.runs.begin(), run.experiment.runs.end(),
                     [mode](const ExpandedRun& r) { return r.scenario.mode == mode; });
}
// Virtual time predicts, and a real run is what an emulated one would be without links.
bool comes_before(const FinishedRun& a, const FinishedRun& b) {
  const bool a_virtual = has_mode(a, Mode::kVirtual), b_virtual = has_mode(b, Mode::kVirtual);
  if (a_virtual || b_virtual) return a_virtual && !b_virtual;
  return has_mode(a, Mode::kReal) && !has_mode(b, Mode::kReal);
}

void require_pairs(Pairing& pairing, const FinishedRun& first, const FinishedRun& second,
                   bool force) {
  if (!pairing.pairs.empty()) return;
  if (!force) {
    throw ScenarioError(fmt::format(
        "{} and {} do not belong together: {} differs; --force compares them nonetheless",
        first.path, second.path,
        first_difference(first.experiment.runs[0].scenario, second.experiment.runs[0].scenario)));
  }
  const std::size_t both = std::min(pairing.only_first.size(), pairing.only_second.size());
  for (std::size_t n = 0; n < both; ++n)
    pairing.pairs.emplace_back(pairing.only_first[n], pairing.only_second[n]);
  const auto drop = [both](std::vector<std::size_t>& runs) {
    runs.erase(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(both));
  };
  drop(pairing.only_first);
  drop(pairing.only_second);
}

}  // namespace

std::optional<double> Paired::error() const {
  if (predicted == measured) return 0.0;
  if (predicted == 0) return std::nullopt;
  return measured / predicted - 1;
}

Equivalence compare(FinishedRun first, FinishedRun second, bool force) {
  if (comes_before(second, first)) std::swap(first, second);
  Pairing pairing = pair_runs(first.experiment, second.experiment);
  require_pairs(pairing, first, second, force);
  const Side predicted(first), measured(second);
  Equivalence out;
  out.predicted_path = first.path;
  out.measured_path = second.path;
  bool any = false;
  for (const auto& [i, j] : pairing.pairs) {
    out.runs.push_back(pair_run(predicted, i, measured, j));
    any = any || !out.runs.back().repeats.empty();
  }
  for (const std::size_t i : pairing.only_first)
    out.only_predicted.push_back(predicted.label_or_whole(i));
  for (const std::size_t j : pairing.only_second)
    out.only_measured.push_back(measured.label_or_whole(j));
  if (!any) {
    throw ScenarioError(
        fmt::format("{} and {} have no repeat that has finished in both", first.path, second.path));
  }
  return out;
}

}  // namespace understudy
