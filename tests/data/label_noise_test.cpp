#include "runtime/data/label_noise.hpp"

#include <array>

namespace understudy {
namespace {

const RandomStream kRandom({.seed = 5, .purpose = Purpose::kTest});
const std::vector<std::uint8_t> kLabels(30'000, 9);

// Of 30,000 labels 6,000 are wrong, give or take sqrt(30000 x 0.2 x 0.8) = 69.
TEST(LabelNoise, OfPairsMakesTheNextClassOfItsShare) {
  int wrong = 0;
  for (const std::uint8_t label : with_noise(PairLabelNoise{0.2}, kLabels, 10, kRandom)) {
    if (label == 9) continue;
    ASSERT_EQ(label, 0);  // after the last comes the first
    ++wrong;
  }
  EXPECT_NEAR(wrong, 6000, 5 * 69);
}

// The 6,000 fall equally on nine other classes: 667 each, give or take 26.
TEST(LabelNoise, SymmetricFallsOnAllOtherClassesAlike) {
  std::array<int, 10> times{};
  for (const std::uint8_t label : with_noise(SymmetricLabelNoise{0.2}, kLabels, 10, kRandom))
    ++times.at(label);
  EXPECT_NEAR(times[9], 24'000, 5 * 69);
  for (std::size_t label = 0; label < 9; ++label) EXPECT_NEAR(times[label], 667, 5 * 26);
}

TEST(LabelNoise, NoneLeavesLabelsAlone) {
  EXPECT_EQ(with_noise(NoLabelNoise{}, kLabels, 10, kRandom), kLabels);
}

}  // namespace
}  // namespace understudy
