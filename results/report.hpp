// A run's page: one HTML file that needs nothing else, with the question, the answer, the table and
// charts.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "results/summary.hpp"

namespace understudy {

// All text of the scenario is escaped. `versions` is a line about the programs that ran it.
std::string report_html(const Experiment& experiment, const Summary& summary,
                        std::span<const Unit> units, const std::string& versions = "");

// For text and for attributes in double quotes.
std::string escape_html(std::string_view text);

}  // namespace understudy
