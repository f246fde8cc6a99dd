// Device profiles: declared speeds from which the virtual clock charges compute, by the roofline
// model (Williams, Waterman, Patterson, CACM 2009): a kernel takes launch overhead + max(flops /
// rate, bytes / memory rate).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/units.hpp"
#include "runtime/learners/cost.hpp"
#include "runtime/node/device.hpp"

namespace understudy {

struct DeviceProfile {
  double flops_per_s = 0;  // achieved fp32 rate: peak x efficiency; 0: infinitely fast (ideal)
  double memory_bytes_per_s = 0;  // achieved; 0: infinitely fast
  Duration launch_overhead{0};    // per kernel
  double copy_bytes_per_s = 0;    // host to device; 0: infinitely fast
  double load_samples_per_s = 0;  // one data-loading pipeline; 0: infinitely fast

  // The time of one kernel, and of a sequence.
  Duration time(const KernelCost& kernel) const;
};

// A cost in the profile's times: kernel after kernel, with the marks at their ends.
ComputePlan plan_of(const DeviceProfile& profile, const Cost& cost);

enum class CostKind { kProfile, kMeasured };

// The scenario's `devices:` section.
struct DevicesConfig {
  CostKind cost = CostKind::kProfile;
  double factor = 1;          // measured: device time = thread CPU time x factor
  bool deterministic = true;  // on GPUs: the same bits at every run; false: whatever is fastest
  std::map<std::string, DeviceProfile> profiles;  // the user's own, by name
};

// A GPU that is really there: "cuda:1", or "cuda", the one whose number is its rank's among those of
// its host.
struct CudaName {
  std::optional<int> index{};
};
std::optional<CudaName> parse_cuda(const std::string& device);  // nullopt: another device

// Built in: ideal, rtx3060, rtx3080, rtx3090, a100, h100, cpu.
std::vector<std::string> builtin_profile_names();
// The user's first, then the built in. Throws ScenarioError naming the nearest for an unknown name.
DeviceProfile find_profile(const DevicesConfig& config, const std::string& name);

}  // namespace understudy
