// Whether the network's conditions and the faults fit the topology.
#pragma once

#include "scenarios/scenario.hpp"
#include "scenarios/yaml_value.hpp"

namespace understudy {

// Throws ScenarioError for patterns and names that fit nothing, and for files that can't be read as
// what they are to be. `document` is only for the place in the message.
void check_network(const Scenario& scenario, const Document& document);

}  // namespace understudy
