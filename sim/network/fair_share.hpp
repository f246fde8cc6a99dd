// Latency first, then rates that are max-min fair in proportion to the flows' weights (max_min.hpp).
// What shares capacity is a resource: a medium with all its links, or a link of its own.
#pragma once

#include <vector>

#include "sim/network/flow_shares.hpp"
#include "sim/network/fluid.hpp"
#include "sim/network/max_min.hpp"

namespace understudy {

class FairShareModel final : public FluidModel {
 public:
  // Throws ScenarioError where a pattern of the config fits no vertex.
  explicit FairShareModel(const Topology& topology, const FairShareConfig& config = {});

 private:
  void starting(Flow& flow, Duration latency) override;
  void joined(Slot slot) override;
  void left(Slot slot) override;
  void changed(LinkId link) override;
  void settle() override;

  std::uint32_t link_of(const Flow& flow, MaxMin::Resource resource) const;

  FlowShares shares_;
  std::vector<MaxMin::Resource> resources_;  // by link
  std::vector<std::uint32_t> links_;         // by resource; kNone: a medium
  MaxMin max_min_;
  std::vector<MaxMin::Resource> crossed_;
  std::vector<MaxMin::Flow> changed_;
  std::vector<MaxMin::Resource> leaders_;
};

}  // namespace understudy
