#include <algorithm>

#include "runtime/base/errors.hpp"
#include "runtime/collectives/collective.hpp"
#include "runtime/workloads/workloads.hpp"

namespace understudy {

Communicator members_of(const WorkloadParts& parts, const CollectiveConfig& config, Rank self) {
  Communicator members = parts.members;
  // Members come in order of rank.
  const auto found = std::lower_bound(members.members.begin(), members.members.end(), self);
  const bool takes_part = found != members.members.end() && *found == self;
  members.index = takes_part ? static_cast<std::size_t>(found - members.members.begin())
                             : members.members.size();
  const bool dedicated = config.kind == CollectiveKind::kParameterServer &&
                         config.server == ServerPlacement::kDedicated;
  if (!dedicated) members.server.reset();
  return members;
}

namespace {

// The workloads that run under strategies of other kinds than all-reduce.
template <class Strategy>
std::unique_ptr<Workload> make_with(const WorkloadConfig& config, const Strategy& strategy,
                                    const WorkloadParts& parts) {
  constexpr bool kFederated = std::is_same_v<Strategy, FederatedConfig>;
  if (const auto* c = std::get_if<ImageClassifierConfig>(&config)) {
    if constexpr (kFederated)
      return make_federated_images(*c, strategy, parts);
    else
      return make_gossiping_images(*c, strategy, parts);
  }
  const auto* c = std::get_if<QuadraticConfig>(&config);
  if (c == nullptr)
    throw ScenarioError("strategy.kind: the workload exchanges nothing by this strategy");
  if constexpr (kFederated)
    return make_federated_quadratic(*c, strategy, parts);
  else
    return make_gossiping_quadratic(*c, strategy, parts);
}

}  // namespace

std::unique_ptr<Workload> make_workload(const WorkloadConfig& config,
                                        const StrategyConfig& strategy, WorkloadParts parts) {
  if (const auto* s = std::get_if<FederatedConfig>(&strategy)) return make_with(config, *s, parts);
  if (const auto* s = std::get_if<GossipConfig>(&strategy)) return make_with(config, *s, parts);
  if (const auto* c = std::get_if<KnowledgeTransferConfig>(&config))
    return make_knowledge_transfer(*c, strategy, std::move(parts));
  if (std::holds_alternative<TransferConfig>(strategy))
    throw ScenarioError("strategy.kind: only knowledge_transfer transfers between models");
  check_collective(std::get<AllreduceConfig>(strategy).collective, parts.members);
  if (const auto* c = std::get_if<ImageClassifierConfig>(&config)) {
    return make_image_classifier(*c, strategy, std::move(parts));
  }
  if (const auto* c = std::get_if<CollectiveBenchmarkConfig>(&config)) {
    return make_collective_benchmark(*c, strategy, std::move(parts));
  }
  if (const auto* c = std::get_if<TrafficConfig>(&config))
    return make_traffic(*c, std::move(parts));
  if (const auto* c = std::get_if<LogisticRegressionConfig>(&config))
    return make_logistic_regression(*c, std::move(parts));
  return make_quadratic(std::get<QuadraticConfig>(config), strategy, std::move(parts));
}

const ImageInput* images_of(const WorkloadConfig& config) {
  const auto input = [](const auto& c) -> const ImageInput* {
    if constexpr (std::is_base_of_v<ImageInput, std::decay_t<decltype(c)>>)
      return &c;
    else
      return nullptr;
  };
  return std::visit(input, config);
}

}  // namespace understudy
