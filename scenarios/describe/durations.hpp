// Descriptions of random durations.
#pragma once

#include <array>

#include "scenarios/describe/field.hpp"
#include "sim/network/distribution_config.hpp"

namespace understudy {

inline constexpr Limits kPositiveTime{.min = 1e-9};

template <class Archive>
void describe(Archive& a, ConstantDuration& c) {
  a.field("value", c.value, "How long.", kPositiveTime);
}
template <class Archive>
void describe(Archive& a, ExponentialDuration& c) {
  a.field("mean", c.mean, "How long in the mean.", kPositiveTime);
}
template <class Archive>
void describe(Archive& a, UniformDuration& c) {
  a.field("low", c.low, "At least.", {.min = 0});
  a.field("high", c.high, "At most.", kPositiveTime);
}
template <class Archive>
void describe(Archive& a, WeibullDuration& c) {
  a.field("scale", c.scale, "63 % are shorter.", kPositiveTime);
  a.field("shape", c.shape, "Below 1: many short ones and a few long ones.",
          {.min = 0.1, .max = 10});
}

inline constexpr std::array<NameDoc, 4> kDurationKinds = {{
    {"constant", "Always the same."},
    {"exponential", "Without memory."},
    {"uniform", "Evenly spread."},
    {"weibull", "With a long or a short tail."},
}};
constexpr std::span<const NameDoc> kinds(const DurationDistribution*) { return kDurationKinds; }

}  // namespace understudy
