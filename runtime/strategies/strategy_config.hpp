// Strategies as a scenario states them: what nodes exchange, and when.
#pragma once

#include <variant>

#include "runtime/federated/federated_config.hpp"
#include "runtime/strategies/allreduce_config.hpp"
#include "runtime/strategies/gossip_config.hpp"
#include "runtime/strategies/transfer_config.hpp"

namespace understudy {

using StrategyConfig = std::variant<AllreduceConfig, FederatedConfig, GossipConfig, TransferConfig>;

// nullptr: nothing is all-reduced.
inline const CollectiveConfig* collective_of(const StrategyConfig& strategy) {
  if (const auto* allreduce = std::get_if<AllreduceConfig>(&strategy))
    return &allreduce->collective;
  const auto* transfer = std::get_if<TransferConfig>(&strategy);
  const bool reduces = transfer != nullptr && transfer->exchange == TransferExchange::kGradients;
  return reduces ? &transfer->gradients.collective : nullptr;
}
// The library of collectives that it needs; nothing: none.
inline std::optional<CollectiveKind> library_of(const StrategyConfig& strategy) {
  const CollectiveConfig* collective = collective_of(strategy);
  return collective != nullptr ? library_of(*collective) : std::nullopt;
}

}  // namespace understudy
