// Topologies' statistics as text for people and as JSON for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "results/summary/columns.hpp"
#include "topologies/analysis/statistics.hpp"
#include "topologies/topology_config.hpp"

namespace understudy {

struct MeasuredTopology {
  Overrides overrides;  // that a sweep makes it of
  TopologyConfig config;
  TopologyStatistics statistics{};
};

// A line a quantity, with how it was found.
std::string statistics_text(const TopologyStatistics& statistics);

// A line a topology.
std::string comparison_text(const std::vector<MeasuredTopology>& topologies);

// {"topologies": [{"overrides": {...}, "vertices": 5, ...}]}; null for what does not exist or was
// not found; seconds and bits per second.
nlohmann::ordered_json topologies_json(const std::vector<MeasuredTopology>& topologies);

}  // namespace understudy
