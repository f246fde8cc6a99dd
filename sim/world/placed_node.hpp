// What a node is by its place in the topology, in whichever kind of world.
#pragma once

#include "runtime/node/node.hpp"
#include "sim/device/profile.hpp"
#include "topologies/topology.hpp"

namespace understudy {

NodeInfo node_info(const Topology& topology, Rank rank);
// Of the place's device. Throws ScenarioError where there is none of its name.
DeviceProfile profile_of(const DevicesConfig& devices, const Place& place);

}  // namespace understudy
