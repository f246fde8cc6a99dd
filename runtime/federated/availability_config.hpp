// When clients of a federation can be asked, as a scenario states it.
#pragma once

#include <optional>
#include <variant>

#include "runtime/base/file_path.hpp"
#include "runtime/base/units.hpp"

namespace understudy {

struct AlwaysAvailable {};
// In each round anew, at random.
struct BernoulliAvailability {
  double probability = 0.8;
};
// From a file with a header client,on_s,off_s and a line for each stretch of time in which a client is
// there. With fewer clients in the file than there are, they take its clients in turn.
struct TraceAvailability {
  FilePath file{};
  std::optional<Duration>
      period{};  // it begins again after so long; else nobody is there at its end
};
// There and away in turn, each for an exponentially distributed time.
struct MarkovAvailability {
  Duration mean_on{std::chrono::minutes{10}};
  Duration mean_off{std::chrono::minutes{10}};
};

using AvailabilityConfig =
    std::variant<AlwaysAvailable, BernoulliAvailability, TraceAvailability, MarkovAvailability>;

// Whether who is there depends on the clock.
inline bool follows_the_clock(const AvailabilityConfig& config) {
  return std::holds_alternative<TraceAvailability>(config) ||
         std::holds_alternative<MarkovAvailability>(config);
}

}  // namespace understudy
