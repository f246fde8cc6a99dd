#include "runtime/federated/cohort.hpp"

#include <algorithm>
#include <numeric>
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
  std::vector<std::uint32_t> there;
  for (std::uint32_t client = 0; client < population_; ++client) {
    if (availability_->is_there(client, draw, now)) there.push_back(client);
  }
  cohort_ = draw_cohort(there.size(), std::min(count_, there.size()), random);
  for (std::uint32_t& place : cohort_) place = there[place];
  return cohort_;
}

bool Cohorts::has(int draw, std::size_t client) {
  const auto& cohort = of(draw);
  return std::binary_search(cohort.begin(), cohort.end(), static_cast<std::uint32_t>(client));
}

}  // namespace understudy
