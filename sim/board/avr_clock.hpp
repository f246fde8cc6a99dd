// A chip's cycles on the scenario's clock: cycle 0 is kStart.
#pragma once

#include <cstdint>

#include "runtime/base/units.hpp"

namespace understudy {

class AvrClock {
 public:
  explicit AvrClock(std::int64_t hertz) : hertz_(hertz) {}

  std::int64_t hertz() const { return hertz_; }
  // When the cycle begins, rounded down to a picosecond; exact at 16 MHz.
  TimePoint time(std::uint64_t cycle) const {
    return TimePoint(Duration(static_cast<std::int64_t>(Wide(cycle) * kPicoseconds / hertz_)));
  }
  // The first cycle that begins at t or later.
  std::uint64_t cycle(TimePoint t) const { return cycles(t.time_since_epoch()); }
  // A duration >= 0 in cycles, rounded up.
  std::uint64_t cycles(Duration d) const {
    return static_cast<std::uint64_t>((Wide(d.count()) * hertz_ + kPicoseconds - 1) / kPicoseconds);
  }

 private:
  __extension__ using Wide = __int128;
  static constexpr std::int64_t kPicoseconds = 1'000'000'000'000;
  std::int64_t hertz_;
};

}  // namespace understudy
