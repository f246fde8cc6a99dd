// Random durations as a scenario states them.
#pragma once

#include <variant>

#include "runtime/base/units.hpp"

namespace understudy {

struct ConstantDuration {
  Duration value{std::chrono::seconds{1}};
};
struct ExponentialDuration {
  Duration mean{std::chrono::seconds{1}};
};
struct UniformDuration {
  Duration low{0};
  Duration high{std::chrono::seconds{1}};
};
struct WeibullDuration {  // shape below 1: many short ones and a few long ones
  Duration scale{std::chrono::seconds{1}};
  double shape = 1;
};
using DurationDistribution =
    std::variant<ConstantDuration, ExponentialDuration, UniformDuration, WeibullDuration>;

}  // namespace understudy
