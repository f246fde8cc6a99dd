// A sweep: from one document to the runs that it stands for.
//
//   sweep:                                      a map is a grid, its first key slowest
//     workload.batch: [32, 64]                  a dotted key and its alternatives
//     network: [{kind: ideal}, {kind: queued}]  sections can be swept whole
//     workload.lr_scaling: linear               a single value holds for all runs of the grid
//     shape:                                    a name of your own: grids, each with its name
//       - {name: one machine, topology.devices_per_machine: [1, 2, 4]}
//       - {name: machines, topology.machines: [1, 2, 4]}
//
// A list instead of the map is such alternatives at the top. A list-valued key takes a list of
// lists. The value null takes a key back to its default. A section comes before keys within it. Keys
// that --set fixes are left out, what it sets within a swept section holds in each alternative, and
// runs that are then alike are one.
#pragma once

#include <string>
#include <vector>

#include "scenarios/scenario.hpp"
#include "scenarios/yaml_value.hpp"

namespace understudy {

inline constexpr std::size_t kMaxRuns = 10'000;
inline constexpr std::size_t kMaxSweptKeys = 100;  // in one map of a sweep

// One thing that sets a run apart: a dotted key and its value as YAML, or a group's name and its
// alternative's.
struct Override {
  std::string key;
  std::string value;
  bool is_label = false;
  bool operator==(const Override&) const = default;
};

// "network.kind: ideal, workload.batch: 32", as errors name a run; empty without any.
std::string list_of(const std::vector<Override>& overrides);

struct ExpandedRun {
  std::vector<Override> overrides;  // in the order of the sweep
  Scenario scenario;                // checked; without a sweep
};

// At least one run. Throws ScenarioError naming the place in the sweep, or the value that does not
// fit.
std::vector<ExpandedRun> expand(const Document& document);

// A scenario file with its --set arguments: the scenario as written, sweep included, and its runs.
struct Experiment {
  Scenario scenario;
  std::vector<ExpandedRun> runs;
  Document document;  // where each value was written, for error messages
};
// For each run the index of the first one that ends with the same weights, repeat by repeat; its
// own where nothing is trained, where the weights depend on the time, or where times are measured and
// so need training.
std::vector<std::size_t> weight_groups(const std::vector<ExpandedRun>& runs);

// A scenario with its --set arguments. Keys that they fix are gone from the scenario's sweep, so
// that what write_yaml() makes of it stands for the same runs.
Experiment load_experiment(const std::string& path, const std::vector<std::string>& sets);

}  // namespace understudy
