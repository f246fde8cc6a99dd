// What weights and temperatures of losses between models are at each update.
#pragma once

#include <cstdint>

#include "runtime/training/transfer_config.hpp"

namespace understudy {

// The share of a value at update 0..updates-1: linear from start_fraction at the first to final_fraction
// at the last; a single update has the first.
double fraction_at(const Course& course, std::int64_t update, std::int64_t updates);

}  // namespace understudy
