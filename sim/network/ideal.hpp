// Every transfer has its path to itself: latency, then size / smallest bandwidth of the route.
#pragma once

#include "sim/network/fluid.hpp"

namespace understudy {

class IdealModel final : public FluidModel {
 public:
  explicit IdealModel(const Topology& topology, const PacketConfig& packet = {})
      : FluidModel(topology, packet) {}

 private:
  void joined(Slot slot) override { set_rate_alone(slot); }
  void left(Slot) override {}
  void changed(LinkId link) override;
};

}  // namespace understudy
