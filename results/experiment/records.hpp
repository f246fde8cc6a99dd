// The raw records of a run directory: metrics.jsonl and links.csv.
#pragma once

#include <span>
#include <string>

#include "results/experiment/unit.hpp"
#include "scenarios/sweep.hpp"

namespace understudy {

// One JSON object a line: run, repeat, node, machine, local_rank, then step, round and epoch where
// they apply, time_s on the scenario's clock, wall_s, name, value. Node by node, in order of time.
std::string metrics_jsonl(const Unit& unit);

// A line for each directed link: its number and ends, and what LinkStatistics counts.
std::string links_csv(const Experiment& experiment, std::span<const Unit> units);

}  // namespace understudy
