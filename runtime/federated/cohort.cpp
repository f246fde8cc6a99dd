#include "runtime/federated/cohort.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "runtime/base/errors.hpp"

namespace understudy {

std::vector<std::uint32_t> draw_cohort(std::size_t population, std::size_t count,
                                       RandomStream random) {
  UNDERSTUDY_CHECK(count <= population);
  std::vector<std::uint32_t> cohort(count);
  if (count == population) {
    std::iota(cohort.begin(), cohort.end(), 0u);
    return cohort;
  }
  std::unordered_set<std::size_t> drawn;
  for (std::size_t last = population - count; last < population; ++last) {
    if (!drawn.insert(random.below(last + 1)).second) drawn.insert(last);
  }
  std::copy(drawn.begin(), drawn.end(), cohort.begin());
  std::sort(cohort.begin(), cohort.end());
  return cohort;
}

const std::vector<std::uint32_t>& Cohorts::of(int draw, TimePoint now) {
  if (drawn_ == draw) return cohort_;
  drawn_ = draw;
  const RandomStream random({.seed = seed_,
                             .node = UINT32_MAX,
                             .purpose = Purpose::kSelection,
                             .round = static_cast<std::uint32_t>(draw)});
  if (availability_ == nullptr) {
    cohort_ = draw_cohort(population_, count_, random);
    return cohort_;
  }
  ClockedAvailability* const clocked = availability_->by_the_clock();
  if (clocked == nullptr) {
    cohort_ = draw_those_there(draw, random);
    return cohort_;
  }
  const auto there = clocked->present(now);
  cohort_ = draw_cohort(there.size(), std::min(count_, there.size()), random);
  for (std::uint32_t& place : cohort_) place = there[place];
  std::sort(cohort_.begin(), cohort_.end());
  return cohort_;
}

// The first of a random order who are there: Fisher and Yates' shuffle as far as it is needed, which
// with most clients there is hardly longer than the cohort.
std::vector<std::uint32_t> Cohorts::draw_those_there(int draw, RandomStream random) {
  std::unordered_map<std::size_t, std::size_t> moved;  // from their places in 0, 1, 2, ...
  const auto at = [&](std::size_t place) {
    const auto found = moved.find(place);
    return found == moved.end() ? place : found->second;
  };
  std::vector<std::uint32_t> cohort;
  for (std::size_t i = 0; i < population_ && cohort.size() < count_; ++i) {
    const std::size_t place = i + random.below(population_ - i);
    const std::size_t client = at(place);
    moved[place] = at(i);
    if (availability_->is_there(client, draw, kStart))
      cohort.push_back(static_cast<std::uint32_t>(client));
  }
  std::sort(cohort.begin(), cohort.end());
  return cohort;
}

bool Cohorts::has(int draw, std::size_t client) {
  const auto& cohort = of(draw);
  return std::binary_search(cohort.begin(), cohort.end(), static_cast<std::uint32_t>(client));
}

}  // namespace understudy
