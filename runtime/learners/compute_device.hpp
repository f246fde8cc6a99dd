// What a learner computes on: this host's processor, or one of its GPUs.
#pragma once

#include <optional>

namespace understudy {

struct ComputeDevice {
  std::optional<int> gpu{};  // its index among this process's; nullopt: the processor
  // On GPUs: the same bits at every run. False: whatever is fastest, TF32 included.
  bool deterministic = true;
};

}  // namespace understudy
