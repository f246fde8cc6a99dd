#include "sim/network/network_config.hpp"

#include "sim/network/fair_share.hpp"
#include "sim/network/ideal.hpp"
#include "sim/network/queued.hpp"

namespace understudy {
namespace {

std::unique_ptr<NetworkModel> make(const IdealConfig&, const Topology& topology) {
  return std::make_unique<IdealModel>(topology);
}
std::unique_ptr<NetworkModel> make(const QueuedConfig&, const Topology& topology) {
  return std::make_unique<QueuedModel>(topology);
}
std::unique_ptr<NetworkModel> make(const FairShareConfig&, const Topology& topology) {
  return std::make_unique<FairShareModel>(topology);
}

}  // namespace

std::unique_ptr<NetworkModel> make_network_model(const NetworkConfig& config,
                                                 const Topology& topology) {
  return std::visit([&](const auto& kind) { return make(kind, topology); }, config);
}

}  // namespace understudy
