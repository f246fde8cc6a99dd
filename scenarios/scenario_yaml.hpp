// Scenarios to and from text. All of it comes from the descriptions in scenarios/describe/.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "scenarios/scenario.hpp"
#include "scenarios/yaml_value.hpp"

namespace understudy {

// Fills a scenario from a document over the defaults. Throws ScenarioError for an unknown key, a
// wrong type, a missing unit or a value out of bounds. Does not ask whether the values fit each
// other: check() does.
Scenario read_scenario(const Document& document);

// Throws ScenarioError where values that are fine by themselves do not fit each other: a ring that
// should add in order, flows between nodes that do not exist. `document` is only for the place in
// the message.
void check(const Scenario& scenario, const Document& document);

// Fully resolved: every field, defaults included, each value in its shortest text. read_scenario()
// gives the same scenario back.
std::string write_yaml(const Scenario& scenario);
nlohmann::ordered_json to_json(const Scenario& scenario);

// The files that the scenario names, in the order of their keys.
std::vector<std::string> files_of(const Scenario& scenario);

// JSON Schema (draft 2020-12) of a scenario, for editors.
nlohmann::ordered_json scenario_schema();

// Every key in Markdown tables: type, default, bounds, training or timing, meaning.
std::string scenario_reference();

// Canonical text of everything that the trained weights depend on: training keys, the number of
// workers, and what of the collective and the grouping into machines the order of additions shows.
// Runs with equal keys end with equal weights, repeat by repeat.
std::string training_key(const Scenario& scenario);

}  // namespace understudy
