// A matrix of round-trip times between regions, as comma separated values: a header of names, then a
// row for each region, its name and the times in milliseconds from it to each. What stands in the
// header's first cell is left out, and so are empty lines and lines that begin with #. What stands on
// the diagonal is not used and may be missing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

inline constexpr std::size_t kMaxMatrixBytes = 32 << 20;
inline constexpr std::size_t kMaxRegions = 1024;

struct LatencyMatrix {
  std::vector<std::string> regions;  // unique names, in the header's order
  std::vector<double> rtt_ms;        // row by row: from, to; finite, not negative
  double rtt(std::size_t from, std::size_t to) const { return rtt_ms[from * regions.size() + to]; }
};

// Throws ScenarioError, "SOURCE:LINE: sentence".
LatencyMatrix parse_latency_matrix(std::string_view text, const std::string& source);

}  // namespace understudy
