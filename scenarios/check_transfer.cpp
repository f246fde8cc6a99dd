#include "scenarios/check_transfer.hpp"

#include <fmt/format.h>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

class TransferChecker {
 public:
  TransferChecker(const Scenario& scenario, const Seating& seats, const Document& document)
      : workload_(std::get<KnowledgeTransferConfig>(scenario.workload)),
        seats_(seats),
        document_(document) {}

  void check_workload() const {
    const TransferLossConfig& c = workload_.transfer;
    if (workload_.epochs && workload_.updates)
      fail("workload.updates",
           "both epochs and updates are given, and one of them ends the training");
    const TransferLossConfig defaults;
    if (!members_learn(c.mode) && c.member_weight != defaults.member_weight)
      fail("workload.member_weight", "members that stay as they are learn from nobody");
    if (!members_learn(c.mode) && workload_.member_epochs == 0)
      fail("workload.member_epochs",
           "members that are never trained have nothing to teach; only where they learn from the "
           "target, too, may they begin untrained");
    const auto* linear = std::get_if<LinearCourse>(&c.temperature_course);
    if (linear != nullptr && (linear->start_fraction == 0 || linear->final_fraction == 0)) {
      fail(fmt::format("workload.temperature_schedule.{}",
                       linear->start_fraction == 0 ? "start_fraction" : "final_fraction"),
           "a temperature of 0 can't divide logits");
    }
    for (const auto& [key, optimizer] :
         {std::pair("optimizer", &workload_.optimizer),
          std::pair("member_optimizer", &workload_.member_optimizer)}) {
      const auto& sgd = std::get<SgdConfig>(*optimizer);
      if (sgd.nesterov && (sgd.momentum == 0 || sgd.dampening != 0))
        fail(fmt::format("workload.{}.nesterov", key),
             "Nesterov momentum needs a momentum above zero and no dampening");
    }
  }

  void check(const TransferConfig& c) const {
    switch (c.exchange) {
      case TransferExchange::kGradients:
        return check_gradients(c);
      case TransferExchange::kCheckpoints:
        check_checkpoints(c);
        break;
      case TransferExchange::kLogits:
        require_live_peers();
        break;
    }
    const TransferConfig defaults;
    if (c.gradients.collective.kind != defaults.gradients.collective.kind)
      fail("strategy.collective", "only the exchange gradients has it");
    if (c.gradients.collective.reduction != defaults.gradients.collective.reduction)
      fail("strategy.reduction", "only the exchange gradients has it");
    const std::size_t models = 1 + workload_.ensemble.size();
    if (static_cast<std::size_t>(seats_.workers) > models) {
      fail("topology", fmt::format("{} nodes are more than the {} models, each on one of them",
                                   seats_.workers, models));
    }
  }
  // Plain data parallelism: the exchange gradients.
  void check(const AllreduceConfig& c) const {
    TransferConfig gradients;
    gradients.exchange = TransferExchange::kGradients;
    gradients.gradients = c;
    check_gradients(gradients);
  }
  // Refused by check_strategy().
  void check(const FederatedConfig&) const {}
  void check(const GossipConfig&) const {}

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& sentence) const {
    throw ScenarioError(fmt::format("{}: {}", locate(document_, key), sentence));
  }

  void require_live_peers() const {
    if (workload_.transfer.mode != TransferMode::kCodistillation) return;
    fail(
        "workload.transfer",
        "codistillation learns from checkpoints: strategy: {kind: transfer, exchange: checkpoints, "
        "every: 50}");
  }

  void check_gradients(const TransferConfig& c) const {
    require_live_peers();
    if (c.every != 1) fail("strategy.every", "gradients are averaged before every update");
    if (c.precision != Precision::kFloat32)
      fail("strategy.precision", "gradients are added as float32");
    if (c.gradients.collective.server == ServerPlacement::kDedicated)
      fail("strategy.server", "under knowledge_transfer the node at rank 0 aggregates");
    if (workload_.batch % seats_.workers != 0) {
      fail("workload.batch", fmt::format("a batch of {} cannot be divided evenly over {} nodes",
                                         workload_.batch, seats_.workers));
    }
  }

  void check_checkpoints(const TransferConfig& c) const {
    if (workload_.transfer.mode == TransferMode::kMutual)
      fail("workload.transfer",
           "mutual learns from outputs as they are; from checkpoints, it is codistillation");
    if (!members_learn(workload_.transfer.mode) && c.every != 1)
      fail("strategy.every", "members that stay as they are send their parameters once");
  }

  const KnowledgeTransferConfig& workload_;
  const Seating& seats_;
  const Document& document_;
};

}  // namespace

void check_transfer(const Scenario& scenario, const Seating& seats, const Document& document) {
  if (!std::holds_alternative<KnowledgeTransferConfig>(scenario.workload)) {
    if (!std::holds_alternative<TransferConfig>(scenario.strategy)) return;
    throw ScenarioError(fmt::format("{}: only the workload knowledge_transfer runs under transfer",
                                    locate(document, "strategy.kind")));
  }
  const TransferChecker checker(scenario, seats, document);
  checker.check_workload();
  std::visit([&](const auto& strategy) { checker.check(strategy); }, scenario.strategy);
}

}  // namespace understudy
