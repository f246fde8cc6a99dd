#include "sim/network/make_network.hpp"

#include "sim/network/dynamic_network.hpp"
#include "sim/network/fair_share.hpp"
#include "sim/network/ideal.hpp"
#include "sim/network/queued.hpp"
#include "sim/network/unreliable_network.hpp"

namespace understudy {
namespace {

std::unique_ptr<NetworkModel> make(const IdealConfig& config, const Topology& topology) {
  return std::make_unique<IdealModel>(topology, config.conditions.packet);
}
std::unique_ptr<NetworkModel> make(const QueuedConfig& config, const Topology& topology) {
  return std::make_unique<QueuedModel>(topology, config);
}
std::unique_ptr<NetworkModel> make(const FairShareConfig& config, const Topology& topology) {
  return std::make_unique<FairShareModel>(topology, config);
}

bool may_lose(const NetworkConfig& config, const FaultsConfig& faults) {
  const auto* queued = std::get_if<QueuedConfig>(&config);
  return !conditions_of(config).impairments.empty() || !faults.empty() ||
         (queued != nullptr && !queued->limits.empty());
}

bool is_dynamic(const NetworkConditions& conditions, const FaultsConfig& faults) {
  return !conditions.traces.empty() || !conditions.background.empty() || !faults.empty();
}

}  // namespace

const NetworkConditions& conditions_of(const NetworkConfig& config) {
  return std::visit([](const auto& kind) -> const NetworkConditions& { return kind.conditions; },
                    config);
}

LinkStatistics& LinkStatistics::operator+=(const LinkStatistics& other) {
  bytes += other.bytes;
  messages += other.messages;
  busy += other.busy;
  queueing += other.queueing;
  lost_packets += other.lost_packets;
  corrupted_packets += other.corrupted_packets;
  duplicated_packets += other.duplicated_packets;
  dropped_packets += other.dropped_packets;
  down += other.down;
  return *this;
}

std::unique_ptr<NetworkModel> make_network(const NetworkConfig& config, const FaultsConfig& faults,
                                           const Topology& topology, std::uint64_t seed) {
  auto model = make_network_model(config, topology);
  const NetworkConditions& conditions = conditions_of(config);
  if (is_dynamic(conditions, faults)) {
    const bool store_and_forward = std::holds_alternative<QueuedConfig>(config);
    model = std::make_unique<DynamicNetwork>(
        std::move(model), LinkTimeline(topology, conditions.traces, faults, seed),
        BackgroundTraffic(conditions.background, topology, store_and_forward, seed));
  }
  if (may_lose(config, faults)) {
    model = std::make_unique<UnreliableNetwork>(std::move(model),
                                                Impairments(conditions.impairments, topology, seed),
                                                conditions.packet, conditions.reliability);
  }
  return model;
}

bool has_state(const NetworkConfig& config, const FaultsConfig& faults) {
  const NetworkConditions& conditions = conditions_of(config);
  const auto* queued = std::get_if<QueuedConfig>(&config);
  return is_dynamic(conditions, faults) || !conditions.impairments.empty() ||
         (queued != nullptr && !queued->token_buckets.empty());
}

std::unique_ptr<NetworkModel> make_network_model(const NetworkConfig& config,
                                                 const Topology& topology) {
  return std::visit([&](const auto& kind) { return make(kind, topology); }, config);
}

}  // namespace understudy
