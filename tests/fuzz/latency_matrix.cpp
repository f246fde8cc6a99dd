#include "topologies/latency_matrix.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace understudy {

void fuzz(std::string_view text) {
  require_accepted_or_refused([&] {
    const LatencyMatrix matrix = parse_latency_matrix(text, kFuzzSource);
    UNDERSTUDY_CHECK(matrix.rtt_ms.size() == matrix.regions.size() * matrix.regions.size());
    for (const double ms : matrix.rtt_ms) UNDERSTUDY_CHECK(ms >= 0 && ms <= 9e9);
  });
}

}  // namespace understudy
