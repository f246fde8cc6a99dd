// Whether the records of finished repeats are those of an experiment's scenario.
#pragma once

#include <span>
#include <string>

#include "results/experiment/run_directory.hpp"
#include "scenarios/sweep.hpp"

namespace understudy {

// 64-bit FNV-1a in hex of everything in a run's scenario that its records depend on, with what the
// files hold that it names. Throws DataError for one that can't be read.
std::string hash_of(const Scenario& scenario);

// The same of all runs together.
std::string hash_of(const Experiment& experiment);

// Throws DataError, naming the file, for a record that the experiment's runs cannot have left:
// another scenario's, or one that was altered.
void check_units(const RunDirectory& directory, const Experiment& experiment,
                 std::span<const Unit> units);

}  // namespace understudy
