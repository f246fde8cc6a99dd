// Runs one all-reduce on every member of a virtual world.
#pragma once

#include <functional>
#include <vector>

#include "runtime/collectives/collective.hpp"
#include "sim/world/virtual_world.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {

// The members are the places that don't serve; a place that does is the dedicated server.
inline Communicator communicator_of(const Topology& topology, Rank self) {
  std::vector<Rank> members;
  std::vector<int> machines;
  std::optional<Rank> server;
  std::size_t index = topology.places().size();
  const auto places = topology.places();
  for (std::size_t r = 0; r < places.size(); ++r) {
    if (places[r].serves) {
      server = Rank{r};
      continue;
    }
    if (Rank{r} == self) index = members.size();
    members.push_back(Rank{r});
    machines.push_back(places[r].machine);
  }
  return {.members = members, .index = index, .machines = machines, .server = server};
}

// All-reduces the ranks' vectors in place, cut into buckets of `bucket` elements that run side by
// side.
template <class Scalar>
void allreduce_vectors(const Topology& topology, const CollectiveConfig& config,
                       std::vector<std::vector<Scalar>>& vectors, std::size_t bucket,
                       bool dedicated = false) {
  VirtualWorld world(topology, WorldOptions{.network = FairShareConfig{}});
  world.run([&](Node& node) -> Task<> {
    Communicator members = communicator_of(topology, node.rank());
    if (!dedicated) members.server.reset();
    if (!members.takes_part() && !dedicated) co_return;
    const std::size_t total = vectors[0].size();
    std::vector<Spawned<>> running;
    for (std::size_t offset = 0; offset < total; offset += bucket) {
      const std::size_t count = std::min(bucket, total - offset);
      Values values = members.takes_part()
                          ? Values(std::span(vectors[members.index]).subspan(offset, count))
                          : Values::dry(count, Values(std::span<Scalar>()).type());
      const Stretch stretch{values, offset, total};
      const Tag tag{static_cast<std::uint32_t>(offset / bucket), 0};
      running.push_back(node.spawn(allreduce(config, node, members, stretch, tag)));
    }
    co_await when_all(std::move(running));
  });
}

// Seconds for `bytes` bytes, sizes only, on members that all start at zero.
inline double allreduce_seconds(const Topology& topology, const CollectiveConfig& config,
                                std::size_t bytes,
                                const NetworkConfig& network = FairShareConfig{}) {
  WorldOptions options;
  options.network = network;
  options.dry = true;
  VirtualWorld world(topology, std::move(options));
  const bool dedicated = config.server == ServerPlacement::kDedicated;
  world.run([&](Node& node) -> Task<> {
    Communicator members = communicator_of(topology, node.rank());
    if (!dedicated) members.server.reset();
    if (!members.takes_part() && !dedicated) co_return;
    const Stretch stretch{Values::dry(bytes, ScalarType::kByte), 0, bytes};
    co_await allreduce(config, node, members, stretch, Tag{});
  });
  return to_seconds(world.snapshot().time);
}

}  // namespace understudy
