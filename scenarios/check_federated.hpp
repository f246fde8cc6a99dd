// What single values of the strategies federated and gossip cannot show.
#pragma once

#include "scenarios/scenario_yaml.hpp"

namespace understudy {

// Whether strategy and workload go together, and the strategy's values with each other and the
// topology. Throws ScenarioError.
void check_strategy(const Scenario& scenario, const Seating& seats, const Document& document);

}  // namespace understudy
