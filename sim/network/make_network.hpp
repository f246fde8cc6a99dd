// A model with everything that its links are under, as one NetworkModel.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/network/faults_config.hpp"
#include "sim/network/network_config.hpp"
#include "sim/network/network_model.hpp"

namespace understudy {

// The topology must outlive the model. All draws are keyed by the seed. Throws ScenarioError for
// patterns and names that fit nothing, and for files that can't be read as what they are to be.
std::unique_ptr<NetworkModel> make_network(const NetworkConfig& config, const FaultsConfig& faults,
                                           const Topology& topology, std::uint64_t seed);

// Whether the network holds more than the present time while no transfer is under way, such as draws
// and traffic of others: then no run can go on from a safe point, which does not keep that.
bool has_state(const NetworkConfig& config, const FaultsConfig& faults);

// The bare model, without conditions.
std::unique_ptr<NetworkModel> make_network_model(const NetworkConfig& config,
                                                 const Topology& topology);

}  // namespace understudy
