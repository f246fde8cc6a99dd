// Strategies as a scenario states them: what nodes exchange, and when.
#pragma once

#include <variant>

#include "runtime/federated/federated_config.hpp"
#include "runtime/strategies/allreduce_config.hpp"
#include "runtime/strategies/gossip_config.hpp"
#include "runtime/strategies/transfer_config.hpp"

namespace understudy {

using StrategyConfig = std::variant<AllreduceConfig, FederatedConfig, GossipConfig, TransferConfig>;

}  // namespace understudy
