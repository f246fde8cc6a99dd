// Text of the doubles that are written with a unit.
#pragma once

#include <string>
#include <string_view>

namespace understudy {

// "29.8Tflop/s" in operations a second, "760GB/s" in bytes a second. Throw std::invalid_argument,
// whose what() is the rest of a sentence that starts with the text.
double parse_flops(std::string_view text);
double parse_byte_rate(std::string_view text);

// The shortest text that reads back as the same value.
std::string format_flops(double per_s);
std::string format_byte_rate(double per_s);

}  // namespace understudy
