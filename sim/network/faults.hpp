// Faults as sources of change, one event ahead: each holds some links down and lets go of them
// again.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/base/random.hpp"
#include "sim/network/faults_config.hpp"
#include "topologies/topology.hpp"

namespace understudy {

struct Fault {
  std::vector<LinkId> links{};
  TimePoint next = kNever;             // when it takes hold, or lets go
  std::optional<int> times_left = {};  // to take hold; nullopt: without end
  bool for_good = false;               // it never lets go
  DurationDistribution down{}, up{};   // how long it holds, and how long it does not
  StreamKey draws{};                   // step: which of its durations comes next
  bool holds = false;

  // Plays what comes at `next`.
  void step();
};

// Throws ScenarioError for patterns that fit nothing.
std::vector<Fault> make_faults(const FaultsConfig& config, const Topology& topology,
                               std::uint64_t seed);

}  // namespace understudy
