// Strategies as a scenario states them: what nodes exchange, and when.
#pragma once

#include <variant>

#include "runtime/base/units.hpp"
#include "runtime/collectives/collective_config.hpp"
#include "runtime/federated/federated_config.hpp"
#include "runtime/strategies/gossip_config.hpp"

namespace understudy {

// Synchronous data parallelism: gradients are averaged before every update.
struct AllreduceConfig {
  CollectiveConfig collective;
  Bytes bucket{25 << 20};  // gradients travel in groups of whole tensors of about this size
  bool overlap = true;     // false: the exchange starts when backward has ended
};

using StrategyConfig = std::variant<AllreduceConfig, FederatedConfig, GossipConfig>;

}  // namespace understudy
