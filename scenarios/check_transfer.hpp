// What single values of a knowledge transfer cannot show.
#pragma once

#include "scenarios/scenario_yaml.hpp"

namespace understudy {

// Throws ScenarioError where the workload knowledge_transfer, or the strategy transfer, does not fit the
// rest of the scenario.
void check_transfer(const Scenario& scenario, const Seating& seats, const Document& document);

}  // namespace understudy
