// Who of a federation's clients is there when.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/federated/availability_config.hpp"

namespace understudy {

class ClockedAvailability;

// Used on one thread, by a clock that does not go back.
class Availability {
 public:
  virtual ~Availability() = default;
  // `draw` counts the server's draws of cohorts, from 1.
  virtual bool is_there(std::size_t client, int draw, TimePoint now) = 0;
  // Where it follows the clock: itself.
  virtual ClockedAvailability* by_the_clock() { return nullptr; }
};

// Knows who is there without asking everybody: what time has passed since the last question costs as
// many steps as clients came or went in it.
class ClockedAvailability : public Availability {
 public:
  bool is_there(std::size_t client, int draw, TimePoint now) final;
  ClockedAvailability* by_the_clock() final { return this; }
  // Those who are there, in no order; until the next call.
  std::span<const std::uint32_t> present(TimePoint now);
  // When next somebody comes who is not there now; nullopt: never.
  std::optional<TimePoint> next_arrival(TimePoint now);

 protected:
  struct Stay {
    bool there = false;
    TimePoint until = kNever;  // when that changes
  };
  // What holds at a time, for each client asked in ascending order of time.
  virtual Stay stay_at(std::size_t client, TimePoint now) = 0;
  // To be called once stay_at() can be.
  void begin(std::size_t clients);

 private:
  struct Change {
    TimePoint when;
    std::uint32_t client;
    auto operator<=>(const Change&) const = default;
  };
  // The first change on top.
  using Changes = std::priority_queue<Change, std::vector<Change>, std::greater<>>;
  void go_to(TimePoint now);
  void apply(Changes& changes, TimePoint now);
  void note(std::uint32_t client, const Stay& stay);

  std::vector<std::uint32_t> present_;
  std::vector<std::uint32_t> place_;  // of each client in these; kAway
  Changes arrivals_, departures_;
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
