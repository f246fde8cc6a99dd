// Descriptions of devices.
#pragma once

#include <array>

#include "scenarios/describe/field.hpp"
#include "sim/device/profile.hpp"

namespace understudy {

inline constexpr std::array<Named<CostKind>, 2> kCostNames = {{
    {CostKind::kProfile, "profile",
     "Declared: the model's counted operations and bytes on the device's profile."},
    {CostKind::kMeasured, "measured", "Measured: thread CPU time times the factor."},
}};
constexpr std::span<const Named<CostKind>> names(CostKind) { return kCostNames; }

template <class Archive>
void describe(Archive& a, DeviceProfile& c) {
  a.field("compute", c.flops_per_s, "Achieved fp32 rate, at least 1flop/s; 0: takes no time.",
          {.min = 0, .measure = Measure::kFlops});
  a.field("memory", c.memory_bytes_per_s, "Achieved memory rate, at least 1B/s; 0: takes no time.",
          {.min = 0, .measure = Measure::kByteRate});
  a.field("launch_overhead", c.launch_overhead, "Paid by every kernel.", {.min = 0});
  a.field("copy", c.copy_bytes_per_s, "Rate from host to device, at least 1B/s; 0: takes no time.",
          {.min = 0, .measure = Measure::kByteRate});
  a.field("load_samples_per_s", c.load_samples_per_s,
          "Samples a second that the loader prepares, at least 0.001; 0: takes no time.",
          {.min = 0});
}

template <class Archive>
void describe(Archive& a, DevicesConfig& c) {
  a.field("cost", c.cost, "What compute is charged by.");
  a.field("factor", c.factor, "With `measured`: device time over thread CPU time.", {.above = 0});
  a.field("deterministic", c.deterministic,
          "On cuda: the same bits at every run; false: whatever is fastest, TF32 included.");
  a.field("profiles", c.profiles, "Profiles of your own, by name.");
}

}  // namespace understudy
