// Whether the node that aggregates gradients is used less than the others, as the study of several
// machines claims.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "results/summary/summary.hpp"

namespace understudy {

// Shares of the time, 0..1, of the largest run whose rank 0 is the parameter server.
struct AggregationUse {
  int workers = 0;
  Estimate server;   // computing: load, forward, backward, ..., on rank 0
  Estimate others;   // the same, mean over the other ranks
  Estimate summing;  // rank 0 adding gradients up
};

// Nothing where no finished run has several workers and rank 0 as its parameter server.
std::optional<AggregationUse> aggregation_use(const Experiment& experiment, const Summary& summary,
                                              std::span<const Unit> units);

std::string sentence(const AggregationUse& use);

}  // namespace understudy
