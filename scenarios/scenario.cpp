#include "scenarios/scenario.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace understudy {
namespace {

using Operator = Comparison::Operator;
// The longer of two that start alike comes first.
constexpr std::array<std::pair<std::string_view, Operator>, 5> kOperators = {
    {{">=", Operator::kAtLeast},
     {"<=", Operator::kAtMost},
     {"==", Operator::kEqual},
     {">", Operator::kAbove},
     {"<", Operator::kBelow}}};

}  // namespace

bool Comparison::holds(double actual) const {
  switch (op) {
    case Operator::kAtLeast:
      return actual >= value;
    case Operator::kAtMost:
      return actual <= value;
    case Operator::kAbove:
      return actual > value;
    case Operator::kBelow:
      return actual < value;
    case Operator::kEqual:
      return actual == value;
  }
  return false;
}

Comparison parse_comparison(std::string_view text) {
  for (const auto& [symbol, op] : kOperators) {
    if (!text.starts_with(symbol)) continue;
    text.remove_prefix(symbol.size());
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    try {
      return {op, parse_fraction(text)};
    } catch (const std::invalid_argument&) {
      break;
    }
  }
  throw std::invalid_argument("is not a comparison with a number, such as \">= 0.75\"");
}

std::string format(const Comparison& comparison) {
  for (const auto& [symbol, op] : kOperators) {
    if (op == comparison.op) return fmt::format("{} {}", symbol, comparison.value);
  }
  return {};
}

bool trains(const WorkloadConfig& workload) {
  return std::holds_alternative<ImageClassifierConfig>(workload) ||
         std::holds_alternative<QuadraticConfig>(workload) ||
         std::holds_alternative<LogisticRegressionConfig>(workload) ||
         std::holds_alternative<KnowledgeTransferConfig>(workload);
}

bool depends_on_time(const Scenario& scenario) {
  const auto* regression = std::get_if<LogisticRegressionConfig>(&scenario.workload);
  const auto* federated = std::get_if<FederatedConfig>(&scenario.strategy);
  const auto* gossip = std::get_if<GossipConfig>(&scenario.strategy);
  return (regression != nullptr && regression->deadline) ||
         (federated != nullptr && federated->depends_on_time()) ||
         (gossip != nullptr && gossip->depends_on_time());
}

bool declares_compute(const Scenario& scenario) {
  bool on_gpus = std::visit([](const auto& topology) { return !!parse_cuda(topology.device); },
                            scenario.topology);
  if (const auto* star = std::get_if<StarConfig>(&scenario.topology))
    for (const AccessClass& c : star->classes) on_gpus = on_gpus || parse_cuda(c.device);
  return scenario.mode != Mode::kReal && !on_gpus && scenario.devices.cost == CostKind::kProfile;
}

bool declares_times(const Scenario& scenario) {
  return scenario.mode == Mode::kVirtual && declares_compute(scenario) && scenario.boards.empty();
}

}  // namespace understudy
