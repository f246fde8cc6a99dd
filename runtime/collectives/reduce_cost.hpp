// The cost of adding one stretch to another on a node's device: two reads and a write of memory.
#pragma once

#include "runtime/node/node.hpp"

namespace understudy {

inline ComputePlan reduce_plan(const Node& node, std::size_t count, ScalarType type) {
  KernelCost kernel;
  kernel.phase = Phase::kReduce;
  kernel.flops = static_cast<double>(count);
  kernel.bytes = 3.0 * static_cast<double>(count * size_of(type));
  return node.plan({kernel});
}

// co_await charge(node, plan): on the communication stream, so that backward goes on beside it.
inline Compute charge(Node& node, const ComputePlan& plan) {
  return node.compute(plan, nullptr, nullptr, Stream::kCommunication);
}

}  // namespace understudy
