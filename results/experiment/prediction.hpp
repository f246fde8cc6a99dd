// A closed form beside the simulation: what one all-reduce, or one update of synchronous training,
// takes by the alpha-beta model over the bottleneck link, and where the simulated time differs.
#pragma once

#include <optional>

#include "scenarios/scenario.hpp"

namespace understudy {

// Seconds. The differences come from dry replays: on an ideal network, then on the run's own model
// without impairments, traces, faults, limits and traffic of others.
struct Prediction {
  double closed_form_s = 0;
  double stragglers_s = 0;  // ideal - closed form alone: links or nodes unlike the bottleneck's
  double contention_s = 0;  // own model - ideal, beyond the sharing that the closed form counts
  double undisturbed_s() const { return closed_form_s + stragglers_s + contention_s; }
};

// Worlds beyond it are not worth three replays.
inline constexpr int kMostPredictedNodes = 1024;

// nullopt for workloads without an exchange, for measured costs, for a single worker, and for
// worlds beyond kMostPredictedNodes.
std::optional<Prediction> predict(const Scenario& scenario);

}  // namespace understudy
