// A run's page: one HTML file that needs nothing else, with the question, the answer, the table and
// charts.
#pragma once

#include <span>
#include <string>

#include "results/summary/summary.hpp"

namespace understudy {

// All text of the scenario is escaped, and the page forbids itself every outside request.
std::string report_html(const Experiment& experiment, const Summary& summary,
                        std::span<const Unit> units);

}  // namespace understudy
