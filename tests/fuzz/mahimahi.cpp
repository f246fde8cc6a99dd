#include "sim/network/trace.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace understudy {

void fuzz(std::string_view text) {
  require_accepted_or_refused([&] {
    const Trace trace = parse_mahimahi(text, kFuzzSource, std::chrono::milliseconds{1});
    UNDERSTUDY_CHECK(!trace.points.empty() && trace.period > Duration::zero());
  });
}

}  // namespace understudy
