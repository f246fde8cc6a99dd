// The weights and caps that a scenario gives flows, by patterns on the ends of their routes.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "sim/network/network_config.hpp"
#include "topologies/topology.hpp"

namespace understudy {

struct FlowShare {
  double weight = 1;
  double cap_bytes_per_s = std::numeric_limits<double>::infinity();
};

class FlowShares {
 public:
  // The topology must outlive this. Throws ScenarioError where a pattern fits no vertex.
  FlowShares(const FairShareConfig& config, const Topology& topology);

  // Of a flow over the route, which has the latency. With inverse_latency its weight is that of its
  // entry times 1 s / latency. Without any latency the latter is 1, as in SimGrid's CM02.
  FlowShare of(std::span<const LinkId> route, Duration latency) const;

 private:
  struct Entry {
    std::vector<bool> from, to;  // whether it fits, by vertex
    FlowShare share;
  };
  const Topology& topology_;
  Fairness fairness_;
  std::vector<Entry> entries_;
};

}  // namespace understudy
