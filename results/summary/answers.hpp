// What the runs say in sentences: where the accuracy goes, whether the aggregating node is used less.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "results/summary/summary.hpp"

namespace understudy {

// Those for which the runs are there; perhaps none.
std::vector<std::string> answers(const Experiment& experiment, const Summary& summary,
                                 std::span<const Unit> units);

}  // namespace understudy
