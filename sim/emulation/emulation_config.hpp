// How a run in processes of its own is made, as a scenario states it.
#pragma once

#include "runtime/base/units.hpp"
#include "runtime/transport/transport_kind.hpp"

namespace understudy {

// What happens when a node's process ends, or does not answer any more.
enum class OnLoss { kStop, kContinue, kWait };

// What gives links their bandwidth and latency: the run's own network model, or the kernel, between
// network namespaces.
enum class LinkShaper { kModel, kKernel };

struct EmulationConfig {
  TransportKind transport = TransportKind::kSharedMemory;
  LinkShaper links = LinkShaper::kModel;
  double dilation = 1;  // > 0
  Duration timeout{std::chrono::seconds{5}};
  OnLoss on_loss = OnLoss::kStop;
};

}  // namespace understudy
