#include "sim/world/placed_node.hpp"

namespace understudy {

NodeInfo node_info(const Topology& topology, Rank rank) {
  const Place& place = topology.places()[rank.index()];
  return {rank, static_cast<int>(topology.places().size()), place.machine, place.local_rank,
          place.serves};
}

DeviceProfile profile_of(const DevicesConfig& devices, const Place& place) {
  std::string name = place.device.empty() ? "ideal" : place.device;
  if (parse_cuda(name)) name = "cpu";  // proportions only: its times are its own
  // How a measured time falls to phases and marks needs some profile's proportions.
  if (devices.cost == CostKind::kMeasured && name == "ideal") name = "cpu";
  return find_profile(devices, name);
}

}  // namespace understudy
