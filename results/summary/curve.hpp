// A metric of one repeat as training goes on.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "results/experiment/unit.hpp"

namespace understudy {

struct CurvePoint {
  int step = 0;       // updates made
  double time_s = 0;  // when the last of the nodes recorded it
  double value = 0;
};

// By step: the mean over the nodes that record the metric there. Metrics of the test set are
// weighted by the nodes' shares of it. Records without a step are left out.
std::vector<CurvePoint> curve(const Unit& unit, const std::string& metric);

// Linear between the points; nothing outside of them.
std::optional<double> interpolate(std::span<const CurvePoint> curve, double step);

// The last value of every metric, over nodes as above; `test_samples` is the sum.
std::map<std::string, double> final_metrics(const Unit& unit);

}  // namespace understudy
