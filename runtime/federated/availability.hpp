// Who of a federation's clients is there when.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/federated/availability_config.hpp"

namespace understudy {

// Used on one thread, by a clock that does not go back.
class Availability {
 public:
  virtual ~Availability() = default;
  // `draw` counts the server's draws of cohorts, from 1.
  virtual bool is_there(std::size_t client, int draw, TimePoint now) = 0;
  // When next somebody comes who is not there now; nullopt: never. Only where it follows the clock.
  virtual std::optional<TimePoint> next_arrival(TimePoint /*now*/) { return std::nullopt; }
};

// nullptr: all are always there. Throws DataError, with file:line, for a trace that is not one.
std::unique_ptr<Availability> make_availability(const AvailabilityConfig& config,
                                                std::size_t clients, std::uint64_t seed);

// A stretch of time in which a client is there: [on, off).
struct Presence {
  TimePoint on, off;
};
// Of each client in the file, from the first to the one with the largest number, ascending and apart.
// Throws DataError for a text that is no such trace, a line that ends before it begins, or stretches
// of a client that overlap.
std::vector<std::vector<Presence>> parse_presence(std::string_view text, const std::string& source);

}  // namespace understudy
