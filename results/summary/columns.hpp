// What sets the runs of a sweep apart: as columns of a table, as a name of a run.
#pragma once

#include <string>
#include <vector>

#include "scenarios/sweep.hpp"

namespace understudy {

using Overrides = std::vector<Override>;

// Every key that sets some run apart, in the order of first appearance.
std::vector<std::string> override_keys(const std::vector<Overrides>& runs);

// Those of the keys that a reader needs: not what a group's name already says, and not the sizes of
// the topology, which tables show as numbers of workers and machines.
std::vector<std::string> telling_keys(const std::vector<Overrides>& runs);

// A dotted key's last name, where no other column has the same.
std::string heading(const std::string& key, const std::vector<std::string>& keys);

// Empty where the run leaves the key alone.
std::string value_of(const Overrides& overrides, const std::string& key);

// "as published, batch 32": the run's values of these keys.
std::string joined(const Overrides& overrides, const std::vector<std::string>& keys);

}  // namespace understudy
