#include "results/experiment/check_units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "results/experiment/unit_runner.hpp"
#include "runtime/base/errors.hpp"
#include "runtime/workloads/weights_hash.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

// Indices of samples have 32 bits.
constexpr std::size_t kMaxSamples = std::size_t{1} << 31;

// What is wrong with a record, as the rest of a sentence; empty where nothing is.
using Fault = std::string;

Fault size_fault(const char* what, std::size_t is, std::size_t wanted, const char* of) {
  if (is == wanted) return {};
  return fmt::format("holds {} {} where the topology has {} {}", is, what, wanted, of);
}

Fault places_fault(const Unit& unit, const Topology& topology) {
  const auto places = topology.places();
  for (const auto& [what, size] :
       {std::pair("places", unit.places.size()), std::pair("nodes", unit.nodes.size()),
        std::pair("lists of samples", unit.samples.size())}) {
    if (Fault fault = size_fault(what, size, places.size(), "places"); !fault.empty()) return fault;
  }
  for (std::size_t rank = 0; rank < places.size(); ++rank) {
    const NodePlace& p = unit.places[rank];
    if (p.machine == places[rank].machine && p.local_rank == places[rank].local_rank &&
        p.serves == places[rank].serves)
      continue;
    return fmt::format("places rank {} elsewhere than the topology does", rank);
  }
  return size_fault("links", unit.links.size(), topology.links().size(), "links");
}

bool is_possible(const ImageShape& images) {
  constexpr std::int64_t kMostSide = 4096, kMostChannels = 16;
  constexpr int kMostClasses = 256;
  const auto& [channels, rows, columns] = images.image;
  return channels >= 1 && channels <= kMostChannels && rows >= kLeastImageSide &&
         rows <= kMostSide && columns >= kLeastImageSide && columns <= kMostSide &&
         images.classes >= 1 && images.classes <= kMostClasses;
}

Fault training_fault(const Unit& unit, const Scenario& scenario) {
  const auto& [train, test, shards, images] = unit.data_sizes;
  const std::size_t all = std::accumulate(shards.begin(), shards.end(), std::size_t{0});
  if (!shards.empty() && (all != train || std::count(shards.begin(), shards.end(), 0u) > 0))
    return "divides other samples than it has";
  if (unit.updates < 0 || unit.updates_per_epoch < 0) return "counts fewer than no updates";
  const ImageInput* config = images_of(scenario.workload);
  const bool on_table = std::holds_alternative<LogisticRegressionConfig>(scenario.workload);
  if (config == nullptr && !on_table)
    return train == 0 && test == 0 ? "" : "has samples where the workload reads none";
  if (images && !is_possible(*images)) return "has images of impossible shapes";
  const auto workers = static_cast<std::size_t>(seating(scenario.topology).workers);
  if (train < workers || train > kMaxSamples || test < 1 || test > kMaxSamples)
    return fmt::format("has impossible data sizes, {} and {} samples", train, test);
  if (config == nullptr) return {};
  if ((config->train_limit > 0 && train != static_cast<std::size_t>(config->train_limit)) ||
      (config->test_limit > 0 && test != static_cast<std::size_t>(config->test_limit)))
    return "has other data sizes than the scenario's limits";
  return unit.updates_per_epoch > 0 ? "" : "has epochs without updates";
}

Fault clock_fault(const Unit& unit) {
  if (unit.time < kStart) return "ends before its start";
  if (!std::isfinite(unit.wall_s) || unit.wall_s < 0) return "took less than no time to compute";
  for (const auto& samples : unit.samples) {
    for (const Sample& s : samples) {
      if (s.time < kStart || s.time > unit.time)
        return fmt::format("has a sample of {} outside of its time", quote(s.name));
      const Position& at = s.position;
      if (at.step.value_or(0) < 0 || at.round.value_or(0) < 0 || at.epoch.value_or(0) < 0)
        return fmt::format("has a sample of {} at a negative position", quote(s.name));
    }
  }
  return {};
}

// One run of the experiment, and what its units are held against.
struct Wanted {
  std::size_t run;
  const Scenario& scenario;
  Topology topology = make_topology(scenario.topology);
  std::string hash = hash_of(scenario);
};

Fault fault_in(const Unit& unit, const Wanted& wanted) {
  const Scenario& scenario = wanted.scenario;
  if (unit.seed != repeat_seed(scenario.seed, unit.key.repeat))
    return "has another seed than the scenario's";
  if (unit.scenario_hash != wanted.hash) return "is of another scenario than scenario.yaml states";
  for (const Fault& fault :
       {places_fault(unit, wanted.topology), training_fault(unit, scenario), clock_fault(unit)}) {
    if (!fault.empty()) return fault;
  }
  return {};
}

std::string hash_of_text(const std::string& text) {
  return fmt::format("{:016x}", fnv1a(std::as_bytes(std::span(text))));
}

std::string hash_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw DataError(fmt::format("{}: can't be read", path));
  return hash_of_text(text.str());
}

}  // namespace

std::string hash_of(const Scenario& scenario) {
  nlohmann::ordered_json json = to_json(scenario);
  for (const char* key : {"name", "repeats", "expect", "report", "sweep"}) json.erase(key);
  for (const std::string& file : files_of(scenario)) json["files"].push_back(hash_of_file(file));
  return hash_of_text(json.dump());
}

std::string hash_of(const Experiment& experiment) {
  std::string all;
  for (const ExpandedRun& run : experiment.runs)
    all += fmt::format("{} {}\n", hash_of(run.scenario), run.scenario.repeats);
  return hash_of_text(all);
}

void check_units(const RunDirectory& directory, const Experiment& experiment,
                 std::span<const Unit> units) {
  std::optional<Wanted> wanted;
  const Unit* before = nullptr;
  for (const Unit& unit : units) {
    const auto fail = [&](const std::string& fault) {
      throw DataError(fmt::format("{}: {}", directory.path_of(unit.key).string(), fault));
    };
    if (before != nullptr && before->key == unit.key) fail("is there twice");
    before = &unit;
    if (unit.key.run >= experiment.runs.size()) fail("is of a run that the scenario does not have");
    const Scenario& scenario = experiment.runs[unit.key.run].scenario;
    if (unit.key.repeat >= static_cast<std::size_t>(scenario.repeats))
      fail("is of a repeat that the scenario does not have");
    if (!wanted || wanted->run != unit.key.run)
      wanted.emplace(Wanted{.run = unit.key.run, .scenario = scenario});
    if (const Fault fault = fault_in(unit, *wanted); !fault.empty()) fail(fault);
  }
}

}  // namespace understudy
