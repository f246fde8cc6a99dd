#include "runtime/data/sampler.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

namespace understudy {
namespace {

// What PyTorch's DistributedSampler gives; written by tests/golden/sampler.py.
nlohmann::json golden() {
  return nlohmann::json::parse(std::ifstream(UNDERSTUDY_SOURCE_DIR "/tests/golden/sampler.json"));
}

DistributedSampler sampler_of(const nlohmann::json& c) {
  return DistributedSampler({.samples = c["samples"],
                             .world = c["world"],
                             .seed = c["seed"],
                             .config = {c["shuffle"], c["set_epoch"], c["drop_last"]}});
}

std::uint64_t digest(const std::vector<std::uint32_t>& indices) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < indices.size(); ++i) sum += (i + 1) * indices[i];
  return sum;
}

TEST(Sampler, GivesEveryIndexThatPyTorchGives) {
  std::size_t compared = 0;
  for (const auto& c : golden()) {
    if (!c.contains("ranks")) continue;
    const DistributedSampler sampler = sampler_of(c);
    for (std::size_t rank = 0; rank < c["world"]; ++rank) {
      const auto expected = c["ranks"][rank].get<std::vector<std::uint32_t>>();
      EXPECT_EQ(sampler.indices(Rank(rank), c["epoch"]), expected) << c.dump();
      EXPECT_EQ(sampler.samples_per_rank(), expected.size()) << c.dump();
      ++compared;
    }
  }
  EXPECT_GT(compared, 500);
}

TEST(Sampler, AgreesOnAWholeDataset) {
  std::size_t compared = 0;
  for (const auto& c : golden()) {
    if (!c.contains("digests")) continue;
    const DistributedSampler sampler = sampler_of(c);
    for (std::size_t rank = 0; rank < c["world"]; ++rank) {
      auto indices = sampler.indices(Rank(rank), c["epoch"]);
      EXPECT_EQ(indices.size(), c["count"]);
      EXPECT_EQ(digest(indices), c["digests"][rank]);
      indices.resize(5);
      EXPECT_EQ(indices, c["first"][rank].get<std::vector<std::uint32_t>>());
      ++compared;
    }
  }
  EXPECT_EQ(compared, 16);
}

TEST(Sampler, PermutationHoldsEveryIndexOnce) {
  auto order = torch_permutation(1000, 3);
  std::sort(order.begin(), order.end());
  for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_EQ(order[i], i);
  EXPECT_TRUE(torch_permutation(0, 3).empty());
}

}  // namespace
}  // namespace understudy
