// Means with the interval that their repeats allow.
#pragma once

#include <cstddef>
#include <span>

namespace understudy {

struct Estimate {
  double mean = 0;
  double half_width =
      0;  // of the 95 % confidence interval by Student's t; NaN with fewer than two values
  std::size_t count = 0;
};

// NaN all over where there are no values.
Estimate estimate(std::span<const double> values);

}  // namespace understudy
