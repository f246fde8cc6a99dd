// Draws from the distributions that a scenario states, by inverse transform: one uniform number each.
#pragma once

#include "runtime/base/random.hpp"
#include "sim/network/distribution_config.hpp"

namespace understudy {

// Mean 1.
double draw_exponential(RandomStream& random);

// At least 1 ns, so that whatever follows one another in such times gets on; at most the clock's
// range.
Duration draw(const DurationDistribution& distribution, RandomStream& random);

// To the nearest picosecond, at most the clock's range.
Duration saturated(double seconds);
// t + d; kNever past the end of time.
TimePoint later(TimePoint t, Duration d);

// Throws ScenarioError where the distribution has no values.
void require_valid(const DurationDistribution& distribution);

}  // namespace understudy
