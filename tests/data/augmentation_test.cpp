// Images padded, shifted and mirrored, against ones written out by hand.
#include <map>

#include "runtime/data/image_dataset.hpp"

namespace understudy {
namespace {

using testing::ElementsAre;

// Bytes become themselves but for the channel's mean: x / 255 * 255 - mean.
constexpr float kMean[] = {1, 2};

// One image of two channels, 2 rows of 3: 10..15 and 20..25. Labels are its class, 1 of 2.
ImageDataset one_image() {
  return {{.shape = {{2, 2, 3}, 2},
           .images = {10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 25},
           .labels = {1}},
          {{kMean[0] / 255, 1.0f / 255}, {kMean[1] / 255, 1.0f / 255}}};
}

// The bytes that a batch was made from, rounded.
std::vector<int> bytes_of(const Batch& batch) {
  const std::size_t plane = batch.inputs.size() / batch.count / 2;
  std::vector<int> bytes;
  for (std::size_t i = 0; i < batch.inputs.size(); ++i)
    bytes.push_back(static_cast<int>(std::lround(batch.inputs[i] + kMean[i / plane % 2])));
  return bytes;
}

TEST(Augmentation, PadsAroundTheMiddle) {
  const ImageDataset padded = one_image().padded(5);
  EXPECT_EQ(padded.shape(), (ImageShape{{2, 5, 5}, 2}));
  Batch batch;
  padded.gather(std::vector<std::uint32_t>{0}, batch);
  EXPECT_THAT(bytes_of(batch), ElementsAre(0, 0, 0, 0, 0,     //
                                           0, 10, 11, 12, 0,  //
                                           0, 13, 14, 15, 0,  //
                                           0, 0, 0, 0, 0,     //
                                           0, 0, 0, 0, 0,     //
                                           0, 0, 0, 0, 0,     //
                                           0, 20, 21, 22, 0,  //
                                           0, 23, 24, 25, 0,  //
                                           0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(batch.labels, ElementsAre(1));
}

// Both channels of [down][right][flip].
std::vector<int> moved(int down, int right, bool flip) {
  std::vector<int> bytes;
  for (int channel = 0; channel < 2; ++channel)
    for (int row = 0; row < 2; ++row)
      for (int column = 0; column < 3; ++column) {
        const int from_row = row - down, from_column = (flip ? 2 - column : column) - right;
        const bool inside = from_row >= 0 && from_row < 2 && from_column >= 0 && from_column < 3;
        bytes.push_back(inside ? 10 * (channel + 1) + 3 * from_row + from_column : 0);
      }
  return bytes;
}

// Each of 9 places and 2 directions has probability 1/18: of 9000 draws 500, with a deviation of
// sqrt(9000 / 18 x 17 / 18) = 22; five of those.
TEST(Augmentation, ShiftsAndMirrorsAtRandom) {
  const ImageDataset varied = one_image().augmented({.crop = 1, .flip = true});
  std::map<std::vector<int>, int> counts;
  Batch batch;
  for (std::uint32_t step = 0; step < 9000; ++step) {
    const RandomStream random({.seed = 3, .purpose = Purpose::kAugmentation, .step = step});
    varied.gather_training(std::vector<std::uint32_t>{0}, random, batch);
    ++counts[bytes_of(batch)];
  }
  EXPECT_EQ(counts.size(), 18);
  for (const int down : {-1, 0, 1})
    for (const int right : {-1, 0, 1})
      for (const bool flip : {false, true})
        EXPECT_NEAR(counts[moved(down, right, flip)], 500, 110) << down << right << flip;
}

TEST(Augmentation, FollowsItsStreamAndLeavesOtherReadersAlone) {
  const ImageDataset varied = one_image().padded(6).augmented({.crop = 4, .flip = true});
  const std::vector<std::uint32_t> often(20, 0);
  const RandomStream random({.seed = 3, .purpose = Purpose::kAugmentation});
  Batch once, again, plain, as_is;
  varied.gather_training(often, random, once);
  varied.gather_training(often, random, again);
  EXPECT_EQ(once.inputs, again.inputs);
  varied.gather(often, plain);
  EXPECT_NE(once.inputs, plain.inputs);
  one_image().padded(6).gather_training(often, random, as_is);
  EXPECT_EQ(plain.inputs, as_is.inputs);
}

}  // namespace
}  // namespace understudy
