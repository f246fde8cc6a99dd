// Graphviz, run as a program beside ours.
#pragma once

#include <chrono>
#include <string>

namespace understudy {

// What `dot -Tsvg` makes of a text in its language. Throws RunError where Graphviz is not installed,
// does not end in time, or fails, with the reason it gives.
std::string svg_of(const std::string& dot,
                   std::chrono::milliseconds limit = std::chrono::minutes{1});

}  // namespace understudy
