#include "results/summary/aggregation.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <vector>
namespace understudy {
namespace {

bool aggregates_at_rank0(const Scenario& scenario) {
  const auto* allreduce = std::get_if<AllreduceConfig>(&scenario.strategy);
  return allreduce != nullptr && std::holds_alternative<ImageClassifierConfig>(scenario.workload) &&
         allreduce->collective.kind == CollectiveKind::kParameterServer &&
         allreduce->collective.server == ServerPlacement::kRank0;
}

std::optional<std::size_t> largest_run(const Experiment& experiment, const Summary& summary) {
  std::optional<std::size_t> largest;
  for (std::size_t i = 0; i < summary.runs.size(); ++i) {
    const RunSummary& run = summary.runs[i];
    const bool fits =
        run.workers > 1 && !run.repeats.empty() && aggregates_at_rank0(experiment.runs[i].scenario);
    if (fits && (!largest || run.workers > summary.runs[*largest].workers)) largest = i;
  }
  return largest;
}

Estimate summing(std::span<const Unit> units, std::size_t run) {
  std::vector<double> shares;
  for (const Unit& unit : units) {
    if (unit.key.run != run || unit.time == kStart) continue;
    const Duration busy = unit.nodes[0].busy[static_cast<std::size_t>(Phase::kReduce)];
    shares.push_back(to_seconds(busy) / to_seconds(unit.time));
  }
  return estimate(shares);
}

}  // namespace

std::optional<AggregationUse> aggregation_use(const Experiment& experiment, const Summary& summary,
                                              std::span<const Unit> units) {
  const auto run = largest_run(experiment, summary);
  if (!run) return std::nullopt;
  const RunSummary& largest = summary.runs[*run];
  std::vector<double> server, others;
  for (const RepeatSummary& repeat : largest.repeats) {
    const auto& use = repeat.utilisation;
    server.push_back(use[0]);
    others.push_back(std::accumulate(use.begin() + 1, use.begin() + largest.workers, 0.0) /
                     (largest.workers - 1));
  }
  return AggregationUse{largest.workers, estimate(server), estimate(others), summing(units, *run)};
}

std::string sentence(const AggregationUse& use) {
  const double gap = use.others.mean - use.server.mean;
  const char* verdict = std::abs(gap) <= 0.01 * use.others.mean
                            ? "it is used as much as they are"
                            : (gap > 0 ? "it is used less" : "it is used more");
  return fmt::format(
      "Of {} workers, rank 0, which aggregates, computes for {:.1f} % of the time and the others "
      "for "
      "{:.1f} %: {}; adding gradients up takes it another {:.1f} %, which they spend waiting.",
      use.workers, 100 * use.server.mean, 100 * use.others.mean, verdict, 100 * use.summing.mean);
}

}  // namespace understudy
