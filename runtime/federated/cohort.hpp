// Which clients a round asks.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/federated/availability.hpp"

namespace understudy {

// `count` of 0..population-1 without repetition, each set equally likely, in ascending order (Floyd's
// algorithm: Bentley, "Programming pearls: a sample of brilliance", CACM 1987). count <= population.
std::vector<std::uint32_t> draw_cohort(std::size_t population, std::size_t count,
                                       RandomStream random);

// Cohorts that every node draws alike, the last one kept: nodes ask for the same round one after the
// other. Where clients may be away, of those who are there, and all of them where they are fewer than
// a cohort. Used on one thread.
class Cohorts {
 public:
  // `availability` is borrowed; nullptr: all are there.
  Cohorts(std::uint64_t seed, std::size_t population, std::size_t count,
          Availability* availability = nullptr)
      : seed_(seed), population_(population), count_(count), availability_(availability) {}

  // From draw 1. `now` matters where availability follows the clock: only the server draws then.
  const std::vector<std::uint32_t>& of(int draw, TimePoint now = kStart);
  bool has(int draw, std::size_t client);
  std::size_t size() const { return count_; }

 private:
  std::vector<std::uint32_t> draw_those_there(int draw, RandomStream random);

  std::uint64_t seed_;
  std::size_t population_;
  std::size_t count_;
  Availability* availability_;
  int drawn_ = 0;
  std::vector<std::uint32_t> cohort_;
};

}  // namespace understudy
