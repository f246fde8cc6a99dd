// Shards: every sample in one and only one, of the sizes asked for.
#include "runtime/data/partition.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "runtime/base/errors.hpp"
#include "tests/data/idx_files.hpp"

namespace understudy {
namespace {

using Shards = std::vector<std::vector<std::uint32_t>>;

RandomStream random(std::uint64_t seed) {
  return RandomStream({.seed = seed, .purpose = Purpose::kTest});
}
std::vector<std::uint8_t> labels(std::size_t count, std::size_t ones) {
  std::vector<std::uint8_t> out(count, 0);
  for (std::size_t i = 0; i < ones; ++i) out[i * count / ones] = 1;
  return out;
}
void expect_cover(const Shards& shards, std::size_t count) {
  std::vector<std::uint32_t> all;
  for (const auto& shard : shards) {
    EXPECT_FALSE(shard.empty());
    EXPECT_TRUE(std::is_sorted(shard.begin(), shard.end()));
    all.insert(all.end(), shard.begin(), shard.end());
  }
  std::sort(all.begin(), all.end());
  std::vector<std::uint32_t> wanted(count);
  std::iota(wanted.begin(), wanted.end(), 0u);
  EXPECT_EQ(all, wanted);
}

TEST(Partition, EveryKindCoversEverySampleOnce) {
  const auto of = labels(1054, 400);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const std::size_t shards : {1, 2, 5, 8}) {
      for (const PartitionConfig& config :
           {PartitionConfig(IidPartition{}), PartitionConfig(DirichletPartition{0.5}),
            PartitionConfig(SizesPartition{std::vector<double>(shards, 2.5)}),
            PartitionConfig(StridedPartition{}), PartitionConfig(ShardsPartition{3}),
            PartitionConfig(QuantityPartition{1})}) {
        const Shards found = partition(config, {of}, shards, random(seed));
        EXPECT_EQ(found.size(), shards);
        expect_cover(found, 1054);
        EXPECT_EQ(partition(config, {of}, shards, random(seed)), found);
      }
    }
  }
}

TEST(Partition, SizesAreThoseAskedFor) {
  for (const auto& shard : partition(IidPartition{}, {labels(10, 4)}, 3, random(1)))
    EXPECT_NEAR(static_cast<double>(shard.size()), 10.0 / 3, 1);
  const Shards shards = partition(SizesPartition{{1, 2, 7}}, {labels(1000, 400)}, 3, random(1));
  EXPECT_EQ(shards[0].size(), 100u);
  EXPECT_EQ(shards[1].size(), 200u);
  EXPECT_EQ(shards[2].size(), 700u);
}

// The share p of one of n shards in a label's samples is Beta(a, (n - 1) a): of variance
// (n - 1) / (n^2 (n a + 1)).
TEST(Partition, DirichletSharesHaveTheirVariance) {
  constexpr std::size_t kShards = 4, kSamples = 4000;
  const auto of = labels(kSamples, kSamples / 2);
  for (const double alpha : {0.3, 1.0, 10.0}) {
    double squares = 0;
    constexpr int kDraws = 500;
    for (int draw = 0; draw < kDraws; ++draw) {
      const Shards shards = partition(DirichletPartition{alpha}, {of}, kShards,
                                      random(static_cast<std::uint64_t>(draw)));
      const auto ones = std::count_if(shards[0].begin(), shards[0].end(),
                                      [&](std::uint32_t i) { return of[i] == 1; });
      squares += std::pow(2.0 * static_cast<double>(ones) / kSamples - 0.25, 2);
    }
    const double variance = 3.0 / (16 * (4 * alpha + 1));
    EXPECT_NEAR(squares / kDraws, variance, 0.2 * variance) << alpha;
  }
}

TEST(Partition, SaysWhatDoesNotFit) {
  const auto error = [](const PartitionConfig& config, std::size_t count, std::size_t shards) {
    return data_error([&] { partition(config, {labels(count, 2)}, shards, random(1)); });
  };
  EXPECT_EQ(error(IidPartition{}, 3, 4), "3 samples are fewer than the 4 shards");
  EXPECT_EQ(error(SizesPartition{{1, 2}}, 9, 3), "2 shares are not one for each of 3 shards");
  EXPECT_EQ(error(SizesPartition{{1, 1000}}, 9, 2),
            "9 samples don't reach for 2 shards: one stays empty");
  EXPECT_EQ(error(DirichletPartition{0.001}, 10, 9),
            "10 samples don't reach for 9 shards of alpha 0.001: one stays empty");
}

std::vector<std::uint8_t> ten_classes(std::size_t count) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(i * 7 % 10));
  return out;
}
std::size_t classes_in(const std::vector<std::uint32_t>& shard,
                       const std::vector<std::uint8_t>& of) {
  std::vector<bool> there(10);
  for (const std::uint32_t i : shard) there[of[i]] = true;
  return static_cast<std::size_t>(std::count(there.begin(), there.end(), true));
}

TEST(Partition, StridedTakesEveryNth) {
  const Shards shards = partition(StridedPartition{}, {ten_classes(10)}, 4, random(1));
  EXPECT_THAT(shards[1], testing::ElementsAre(1, 5, 9));
  EXPECT_THAT(shards[3], testing::ElementsAre(3, 7));
}

// 10 classes of 100 in 20 pieces of 50: no piece has two classes.
TEST(Partition, ShardsHaveFewLabels) {
  const auto of = ten_classes(1000);
  for (const auto& shard : partition(ShardsPartition{2}, {of}, 10, random(3))) {
    EXPECT_EQ(shard.size(), 100u);
    EXPECT_LE(classes_in(shard, of), 2u);
  }
}

TEST(Partition, DirichletTakesEveryLabel) {
  const auto of = ten_classes(1000);
  for (const auto& shard : partition(DirichletPartition{1000}, {of}, 5, random(3)))
    EXPECT_EQ(classes_in(shard, of), 10u);
}

TEST(Partition, MorePiecesThanSamplesAreRefused) {
  EXPECT_THROW(partition(ShardsPartition{6}, {ten_classes(10)}, 2, random(1)), DataError);
}

// Writers 7, 3, 9, 5 with 5, 4, 3 and 2 samples: 7 to the first, 3 to the second, 9 to the second as
// it has 4 and not 5, 5 to the first.
TEST(Partition, WritersStayWholeInShardsAsEvenAsCanBe) {
  const std::vector<std::int32_t> writers{7, 3, 7, 9, 3, 5, 7, 9, 3, 7, 5, 9, 7, 3};
  const std::vector<std::uint8_t> of(writers.size(), 0);
  const Shards shards = partition(WriterPartition{}, {of, writers}, 2, random(1));
  EXPECT_THAT(shards[0], testing::ElementsAre(0, 2, 5, 6, 9, 10, 12));
  EXPECT_THAT(shards[1], testing::ElementsAre(1, 3, 4, 7, 8, 11, 13));
}

TEST(Partition, ManyWritersMakeEvenShards) {
  std::vector<std::int32_t> writers;
  RandomStream draw = random(4);
  for (int i = 0; i < 4000; ++i)
    writers.push_back(static_cast<std::int32_t>(draw.below(300)) - 150);
  const std::vector<std::uint8_t> of(writers.size(), 0);
  const Shards shards = partition(WriterPartition{}, {of, writers}, 7, random(1));
  expect_cover(shards, writers.size());
  std::map<std::int32_t, std::size_t> shard_of;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    // Dealt largest first, no two shards differ by more than one of the smallest writers, who have
    // about 13 samples.
    EXPECT_NEAR(static_cast<double>(shards[s].size()), 4000.0 / 7, 13);
    for (const std::uint32_t i : shards[s])
      EXPECT_EQ(shard_of.emplace(writers[i], s).first->second, s) << writers[i];
  }
}

TEST(Partition, SaysWhatWritersLack) {
  const std::vector<std::uint8_t> of(4, 0);
  const std::vector<std::int32_t> writers{1, 1, 2, 2};
  EXPECT_EQ(data_error([&] { partition(WriterPartition{}, {of}, 2, random(1)); }),
            "samples can't be divided by writer where the data do not say who wrote them");
  EXPECT_EQ(data_error([&] {
              partition(WriterPartition{}, {of, writers}, 3, random(1));
            }),
            "2 writers are fewer than the 3 shards");
}

// Shard 0 has all of label 0 and a quarter of label 1, shard 1 the rest; label 2 nobody has.
TEST(Partition, MatchingShardsFollowTheLabels) {
  const std::vector<std::uint8_t> training{0, 0, 1, 1, 1, 1};
  const std::vector<std::uint8_t> test{0, 1, 2, 1, 0, 1, 1};
  const Shards shards = matching_shards(test, training, {{0, 1, 2}, {3, 4, 5}});
  EXPECT_THAT(shards[0], testing::ElementsAre(0, 1, 4));
  EXPECT_THAT(shards[1], testing::ElementsAre(3, 5, 6));
}

}  // namespace
}  // namespace understudy
