// Whether the runs met what their scenario expects of them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "results/summary/summary.hpp"

namespace understudy {

struct Miss {
  std::size_t run = 0;
  std::string label;  // the run's; empty for an experiment of one run
  std::string metric;
  Comparison expected;
  std::optional<double>
      actual;           // the mean over the repeats; nothing where the run lacks the metric
  std::string nearest;  // a metric that may have been meant; may be empty
};

// Runs of which no repeat has finished are left out.
std::vector<Miss> misses(const Experiment& experiment, const Summary& summary);

// One sentence about all of them, without a full stop; empty where there are none.
std::string sentence(std::span<const Miss> misses);

// JUnit XML: a test case for each finished run and expectation.
std::string junit(const Summary& summary, std::span<const Miss> misses);

}  // namespace understudy
