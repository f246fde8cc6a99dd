// When clients of a federation can be asked, as a scenario states it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
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
// The last of the clients, so large a share of all, are not there before a round; all others always.
struct NewcomerAvailability {
  double share = 0.2;
  int from_round = 2;
};

using AvailabilityConfig = std::variant<AlwaysAvailable, BernoulliAvailability, TraceAvailability,
                                        MarkovAvailability, NewcomerAvailability>;

// The first of those who come later, and all after it; the number of clients where none do. Somebody is
// there from the first round, and somebody joins later.
inline std::size_t first_newcomer(const AvailabilityConfig& config, std::size_t clients) {
  const auto* newcomers = std::get_if<NewcomerAvailability>(&config);
  if (newcomers == nullptr || clients < 2) return clients;
  const auto coming = std::llround(newcomers->share * static_cast<double>(clients));
  return clients - std::clamp<std::size_t>(static_cast<std::size_t>(coming), 1, clients - 1);
}

// Whether who is there depends on the clock.
inline bool follows_the_clock(const AvailabilityConfig& config) {
  return std::holds_alternative<TraceAvailability>(config) ||
         std::holds_alternative<MarkovAvailability>(config);
}

}  // namespace understudy
