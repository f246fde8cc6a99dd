// What the runs say in sentences: notices, where the accuracy goes, whether the aggregating node is
// used less.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "results/summary/summary.hpp"

namespace understudy {

// What the units have to tell, such as which data set stands in; each once.
std::set<std::string> notices(std::span<const Unit> units);

// Those for which the runs are there; perhaps none.
std::vector<std::string> answers(const Experiment& experiment, const Summary& summary,
                                 std::span<const Unit> units);

}  // namespace understudy
