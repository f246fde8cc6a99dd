// What sets the runs of a sweep apart, as columns of a table.
#pragma once

#include <string>
#include <vector>

#include "scenarios/sweep.hpp"

namespace understudy {

using Overrides = std::vector<Override>;

// Every key that sets some run apart, in the order of first appearance.
std::vector<std::string> override_keys(const std::vector<Overrides>& runs);
std::vector<std::string> override_keys(const std::vector<ExpandedRun>& runs);

// A dotted key's last name, where no other column has the same.
std::string heading(const std::string& key, const std::vector<std::string>& keys);

// Empty where the run leaves the key alone.
std::string value_of(const Overrides& overrides, const std::string& key);

}  // namespace understudy
