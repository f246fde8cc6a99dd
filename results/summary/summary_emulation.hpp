// What an emulated repeat says of itself, in numbers for programs and in a line for people; and the
// names of modes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "results/summary/summary.hpp"

namespace understudy {

const char* name(Mode mode);  // as scenarios have it: "virtual"

// transport, dilation, lateness_p50_s, _p90_s, _p99_s, _largest_s, overruns, overrun_s,
// latest_start_s; times on the scenario's clock.
nlohmann::ordered_json emulation_json(const EmulationReport& report);

// Of all emulated repeats together; empty where there are none.
std::string emulation_sentence(std::span<const RunSummary> runs);

}  // namespace understudy
