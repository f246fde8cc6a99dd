#include "sim/network/trace.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace understudy {

void fuzz(std::string_view text) {
  for (const bool repeat : {false, true}) {
    require_accepted_or_refused([&] {
      const Trace trace = parse_csv_trace(text, kFuzzSource, repeat);
      UNDERSTUDY_CHECK(!trace.points.empty() && trace.period.has_value() == repeat);
    });
  }
}

}  // namespace understudy
