// A scenario: one experiment, or a sweep of them, as plain structs with defaults. Each section's
// struct lives with the module that obeys it; scenarios/describe/ names every field once, and from
// there come the strict reading (scenario_yaml.hpp), the writing, the JSON Schema, the reference in
// docs/scenario.md and the training key. The layers are defaults <- file <- --set.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "runtime/strategies/strategy_config.hpp"
#include "runtime/workloads/keep_weights.hpp"
#include "runtime/workloads/workload_config.hpp"
#include "scenarios/yaml_value.hpp"
#include "sim/board/board_config.hpp"
#include "sim/device/profile.hpp"
#include "sim/emulation/emulation_config.hpp"
#include "sim/network/faults_config.hpp"
#include "sim/network/network_config.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {

// virtual: one process on a virtual clock. emulated: many processes, wall clock, injected delays.
// real: many processes or hosts, nothing injected.
enum class Mode { kVirtual, kEmulated, kReal };

// What a final metric must satisfy: ">= 0.75".
struct Comparison {
  enum class Operator { kAtLeast, kAtMost, kAbove, kBelow, kEqual };
  Operator op = Operator::kAtLeast;
  double value = 0;

  bool holds(double actual) const;
};
// Throws std::invalid_argument, whose what() is the rest of a sentence that starts with the text.
Comparison parse_comparison(std::string_view text);
std::string format(const Comparison& comparison);

// What the report says about the scenario.
struct ReportConfig {
  std::string question;  // one sentence, at the top of the report
};

struct Scenario {
  std::string name{};  // default: the file's name without its extension
  std::uint64_t seed = 1;
  Mode mode = Mode::kVirtual;
  int repeats = 1;  // repeat r draws from streams of its own
  TopologyConfig topology = ClusterConfig{};
  NetworkConfig network = FairShareConfig{};
  FaultsConfig faults{};
  DevicesConfig devices{};
  EmulationConfig emulation{};
  BoardsConfig boards{};
  WorkloadConfig workload = ImageClassifierConfig{};
  StrategyConfig strategy = AllreduceConfig{};
  KeepWeights keep_weights = KeepWeights::kFinal;
  std::map<std::string, Comparison>
      expect;  // by the name of a final metric; a run that misses one exits 1
  ReportConfig report{};
  YamlValue sweep{};  // as written; expand() in sweep.hpp makes runs of it. Null: a single run
};

// Whether the workload ends with trained weights.
bool trains(const WorkloadConfig& workload);
// Whether the weights depend on when messages arrive, as they do where a deadline decides whose count.
bool depends_on_time(const Scenario& scenario);

// Whether computations are charged from profiles: not where they are measured, nor on real GPUs.
bool declares_compute(const Scenario& scenario);

// Whether times follow from what is declared, and so can be computed without training: not where
// they are measured, nor where boards take the time that they take.
bool declares_times(const Scenario& scenario);

}  // namespace understudy
