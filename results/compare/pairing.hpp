// Which runs of two experiments are runs of the same thing.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scenarios/sweep.hpp"

namespace understudy {

struct Pairing {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;  // in the order of the first
  std::vector<std::size_t> only_first, only_second;
};

// Pairs runs that differ at most in mode, emulation and devices, and in what changes nothing of a
// run, such as its name. Of several partners the one with the same devices and another mode.
Pairing pair_runs(const Experiment& first, const Experiment& second);

// The first key, in the order of the scenario's sections, in which such runs differ, with both
// values: "topology.bandwidth (100Mbit/s, 1Gbit/s)"; empty where none does.
std::string first_difference(const Scenario& first, const Scenario& second);

}  // namespace understudy
