// Numbers of results as people read them.
#pragma once

#include <string>

#include "results/summary/statistics.hpp"

namespace understudy {

std::string format_seconds(double seconds);  // "1.25 s", "310 ms"
std::string format_rate(double per_second);  // "1.25 GB/s"

// With ± where there is an interval worth showing; "not a number" for a mean that is none.
std::string format_seconds(const Estimate& seconds);
std::string format_rate(const Estimate& per_second);
std::string format_number(const Estimate& number);     // six digits: "0.909091"
std::string format_percent(const Estimate& fraction);  // without the sign: "94.1 ± 0.4"

}  // namespace understudy
