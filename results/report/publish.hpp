// Writes what a run directory shows: raw records, summary and page.
#pragma once

#include <span>
#include <string>

#include "results/experiment/run_directory.hpp"
#include "results/summary/summary.hpp"
#include "scenarios/sweep.hpp"

namespace understudy {

// metrics.jsonl, links.csv, summary.json and report.html from the units.
Summary publish(const RunDirectory& directory, const Experiment& experiment,
                std::span<const Unit> units);

// The table, notices and answers, as the terminal shows them.
std::string results_text(const Experiment& experiment, const Summary& summary,
                         std::span<const Unit> units);

}  // namespace understudy
