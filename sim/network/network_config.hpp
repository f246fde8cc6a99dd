// The network as a scenario states it: which model, and the conditions that its links are under.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/network/conditions_config.hpp"

namespace understudy {

// Every transfer has the path to itself: latency + size / bottleneck bandwidth.
struct IdealConfig {
  NetworkConditions conditions{};
};

// At most burst + rate x t bytes leave in any time t, none faster than the peak (RFC 2697; Linux's
// tbf).
struct TokenBucketConfig {
  std::string links = "*";
  Bandwidth rate{1e9};
  Bytes burst{15'000};
  std::optional<Bandwidth> peak{};  // the link's own bandwidth
};
// Drop-tail: what arrives at a full queue is dropped. The first link of a route is the sender's own
// and has no limit.
struct QueueLimitConfig {
  std::string links = "*";
  std::optional<Bytes> bytes{};
  std::optional<int> packets{};
};
// Store and forward: on each link a packet waits its turn (first in, first out), takes size /
// bandwidth and then the link's latency.
struct QueuedConfig {
  std::vector<TokenBucketConfig> token_buckets{};
  std::vector<QueueLimitConfig> limits{};
  NetworkConditions conditions{};
};

// How a flow between vertices (patterns as for links) takes part in sharing. The last entry holds.
struct ShareConfig {
  std::string from = "*", to = "*";
  double weight = 1;
  std::optional<Bandwidth> cap{};
};
// equal: all flows alike. inverse_latency: weight 1 / latency of the route, as TCP does and
// SimGrid's CM02 assumes.
enum class Fairness { kEqual, kInverseLatency };
// Latency first, then max-min fair rates among all transfers under way (progressive filling;
// Bertsekas and Gallager, "Data Networks", 6.5.2), as a fluid along the whole path at once.
struct FairShareConfig {
  Fairness fairness = Fairness::kEqual;
  std::vector<ShareConfig> shares{};
  NetworkConditions conditions{};
};

using NetworkConfig = std::variant<IdealConfig, QueuedConfig, FairShareConfig>;

const NetworkConditions& conditions_of(const NetworkConfig& config);

}  // namespace understudy
