#include "runtime/federated/cohort.hpp"

#include <algorithm>

#include "runtime/base/errors.hpp"
#include "runtime/federated/rounds.hpp"

namespace understudy {
namespace {

RandomStream stream(std::uint32_t round) {
  return RandomStream({.seed = 5, .purpose = Purpose::kTest, .round = round});
}

TEST(Cohort, HasDifferentClientsInOrder) {
  for (std::uint32_t round = 0; round < 200; ++round) {
    const auto cohort = draw_cohort(10, 7, stream(round));
    ASSERT_EQ(cohort.size(), 7u);
    ASSERT_TRUE(std::is_sorted(cohort.begin(), cohort.end()));
    ASSERT_EQ(std::adjacent_find(cohort.begin(), cohort.end()), cohort.end());
    ASSERT_LT(cohort.back(), 10u);
  }
}

// Each of 6 clients is in a cohort of 2 with probability 1/3: of 9,000 draws 3,000, give or take
// sqrt(9000 x 2/9) = 45.
TEST(Cohort, DrawsEveryClientEquallyOften) {
  std::vector<int> times(6);
  for (std::uint32_t round = 0; round < 9000; ++round) {
    for (const std::uint32_t client : draw_cohort(6, 2, stream(round))) ++times[client];
  }
  for (const int count : times) EXPECT_NEAR(count, 3000, 5 * 45);
}

TEST(Cohort, OfAllIsAll) {
  EXPECT_THAT(draw_cohort(3, 3, stream(1)), testing::ElementsAre(0, 1, 2));
}

TEST(Cohort, SizesFollowFromCountOrShare) {
  EXPECT_EQ(cohort_sizes({}, 10).wanted, 10u);
  EXPECT_EQ(cohort_sizes({.cohort = 4}, 10).wanted, 4u);
  EXPECT_EQ(cohort_sizes({.participation = 0.25}, 10).wanted, 3u);  // 2.5 rounds up
  EXPECT_EQ(cohort_sizes({.participation = 0.01}, 10).wanted, 1u);
  const CohortSizes over = cohort_sizes({.cohort = 4, .over_selection = 1.3}, 10);
  EXPECT_EQ(over.wanted, 4u);
  EXPECT_EQ(over.asked, 6u);  // 5.2 rounds up
  EXPECT_EQ(cohort_sizes({.over_selection = 2}, 10).asked, 10u);
}

TEST(Cohort, CantBeLargerThanThePopulation) {
  try {
    cohort_sizes({.cohort = 11}, 10);
    FAIL();
  } catch (const ScenarioError& problem) {
    EXPECT_STREQ(problem.what(), "strategy.cohort: 11 clients are more than the 10 there are");
  }
}

}  // namespace
}  // namespace understudy
