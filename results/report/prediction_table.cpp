#include "results/report/prediction_table.hpp"

#include <fmt/format.h>

#include <cmath>

#include "results/summary/quantity.hpp"

namespace understudy {
namespace {

// A difference smaller than this of the whole is rounding.
constexpr double kNegligible = 1e-6;

std::string difference(double seconds, double whole) {
  if (std::abs(seconds) <= kNegligible * whole) return "0";
  return fmt::format("{}{} ({:+.0f} %)", seconds < 0 ? "-" : "+", format_seconds(std::abs(seconds)),
                     100 * seconds / whole);
}

std::vector<std::string> row(const RunSummary& run, const Estimate& simulated) {
  const Prediction& p = *run.prediction;
  const double whole = p.closed_form_s;
  return {run.label,
          format_seconds(p.closed_form_s),
          difference(p.stragglers_s, whole),
          difference(p.contention_s, whole),
          difference(simulated.mean - p.undisturbed_s(), whole),
          format_seconds(simulated)};
}

}  // namespace

ResultTable prediction_table(const Summary& summary) {
  ResultTable out;
  bool is_training = false;
  for (const RunSummary& run : summary.runs) {
    const Estimate* simulated = run.predicted_time();
    if (simulated == nullptr) continue;
    is_training = run.kind != WorkloadKind::kCollective;
    out.rows.push_back(row(run, *simulated));
  }
  if (out.rows.empty()) return out;
  out.head = {is_training ? "one update" : "one all-reduce",
              "closed form",
              "stragglers",
              "contention",
              "other",
              "simulated"};
  out.notes = {
      "Closed form: alpha-beta over the bottleneck link. Stragglers: links and nodes unlike the "
      "bottleneck's.",
      "Contention: sharing and queueing beyond what the form counts. Other: impairments, faults, "
      "traffic of others, the start, short batches."};
  return out;
}

}  // namespace understudy
