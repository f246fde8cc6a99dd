// What breaks, and when, as a scenario states it. A link that is down stalls what crosses it until
// it is up again; one that never is loses it. A node that is down has all links of its vertex down:
// it computes on, but nothing reaches it. What several faults take down is up once all are over.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/network/distribution_config.hpp"

namespace understudy {

// Patterns on names of links as in network_config.hpp, on names of vertices with * and ?.
struct LinkOutage {
  std::string links = "*";
  Duration at{0};
  std::optional<Duration> lasting{};  // none: for good
};
struct NodeOutage {
  std::string nodes = "*";
  Duration at{0};
  std::optional<Duration> lasting{};
};
// The vertices are cut off from the others.
struct Partition {
  std::vector<std::string> vertices{};
  Duration at{0};
  std::optional<Duration> lasting{};
};
// Up for so long, down for so long, again and again, all its links at once.
struct Flapping {
  std::string links = "*";
  Duration at{0};  // down for the first time
  Duration down{std::chrono::seconds{1}};
  Duration up{std::chrono::seconds{9}};
  std::optional<int> times{};  // none: without end
};
// Each node by itself comes and goes; all begin on.
struct Churn {
  std::string nodes = "*";
  DurationDistribution on = ExponentialDuration{};
  DurationDistribution off = ExponentialDuration{};
};
using FaultConfig = std::variant<LinkOutage, NodeOutage, Partition, Flapping, Churn>;
using FaultsConfig = std::vector<FaultConfig>;

}  // namespace understudy
