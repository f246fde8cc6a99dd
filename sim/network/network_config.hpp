// Which network model, and how it is made.
#pragma once

#include <memory>
#include <variant>

#include "sim/network/network_model.hpp"

namespace understudy {

// Every transfer has the path to itself: latency + size / bottleneck bandwidth.
struct IdealConfig {};
// Store and forward: on each link a message waits its turn (first in, first out), takes size /
// bandwidth and then the link's latency.
struct QueuedConfig {};
// Latency first, then max-min fair rates among all transfers under way (progressive filling;
// Bertsekas and Gallager, "Data Networks", 6.5.2), as a fluid along the whole path at once.
struct FairShareConfig {};

using NetworkConfig = std::variant<IdealConfig, QueuedConfig, FairShareConfig>;

// The topology must outlive the model.
std::unique_ptr<NetworkModel> make_network_model(const NetworkConfig& config,
                                                 const Topology& topology);

}  // namespace understudy
