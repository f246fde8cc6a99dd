// A metric of one repeat as training goes on.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "results/experiment/unit.hpp"
#include "results/summary/statistics.hpp"

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

// The metric of a run after so many updates, interpolated on the curve of each repeat that reaches
// there; `only`: of these repeats. Nothing where none does.
std::optional<Estimate> read_off(std::span<const Unit> units, std::size_t run,
                                 const std::string& metric, double updates,
                                 const std::set<std::size_t>* only = nullptr);

// The last value of every metric, over nodes as above; `test_samples` is the sum. Where clients
// withhold samples also what the round has that does best on these (personal_validation_accuracy_mean,
// the first of equal ones): best_validation_round, and each test metric as NAME_at_best_validation.
std::map<std::string, double> final_metrics(const Unit& unit);

}  // namespace understudy
