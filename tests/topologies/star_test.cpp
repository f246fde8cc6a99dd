#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <map>

#include "graph.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(Star, ServesFromTheHub) {
  const Topology topology = make_topology(StarConfig{.nodes = 5, .latency = 10ms});
  ASSERT_EQ(topology.places().size(), 6u);
  for (std::size_t rank = 0; rank < 6; ++rank) EXPECT_EQ(topology.places()[rank].serves, rank == 5);
  EXPECT_EQ(topology.vertices()[topology.places()[5].vertex.index()].name, "hub");
  EXPECT_EQ(latency_between(topology, 0, 5), 10ms);
  EXPECT_EQ(latency_between(topology, 0, 4), 20ms);
}

// Links of leaf i: 2i from it, 2i + 1 to it.
const Link& up(const Topology& topology, int leaf) {
  return topology.links()[2 * static_cast<std::size_t>(leaf)];
}
const Link& down(const Topology& topology, int leaf) {
  return topology.links()[2 * static_cast<std::size_t>(leaf) + 1];
}

// Classes that are told apart by their rate up: 1 Mbit/s, 2 Mbit/s, ...
StarConfig star_of(int nodes, const std::vector<double>& shares) {
  StarConfig config{.nodes = nodes};
  for (const double share : shares) {
    const double number = static_cast<double>(config.classes.size() + 1);
    config.classes.push_back({.share = share,
                              .down = Bandwidth{number * 1e7},
                              .up = Bandwidth{number * 1e6},
                              .latency = 10ms});
  }
  return config;
}
std::vector<int> classes_of(const Topology& topology) {
  std::vector<int> classes;
  for (int leaf = 0; leaf + 1 < static_cast<int>(topology.places().size()); ++leaf)
    classes.push_back(static_cast<int>(up(topology, leaf).bandwidth.bits_per_s / 1e6));
  return classes;
}
std::vector<int> sizes(int nodes, const std::vector<double>& shares) {
  std::vector<int> counts(shares.size());
  for (const int c : classes_of(make_topology(star_of(nodes, shares))))
    ++counts[static_cast<std::size_t>(c) - 1];
  return counts;
}

TEST(Star, GivesEachClassItsShareByLargestRemainder) {
  EXPECT_THAT(sizes(10, {1}), ElementsAre(10));
  EXPECT_THAT(sizes(10, {1, 1, 1}), ElementsAre(4, 3, 3));       // 3 1/3 each
  EXPECT_THAT(sizes(7, {0.5, 0.3, 0.2}), ElementsAre(4, 2, 1));  // 3.5, 2.1, 1.4
  EXPECT_THAT(sizes(7, {20, 30, 50}), ElementsAre(1, 2, 4));     // 1.4, 2.1, 3.5
  EXPECT_THAT(sizes(1, {0.4, 0.6}), ElementsAre(0, 1));
  EXPECT_THAT(sizes(10, {0.1, 0.2, 0.7}), ElementsAre(1, 2, 7));  // exact but for rounding
  EXPECT_THAT(sizes(4, {1e308, 1e308}), ElementsAre(2, 2));       // whose sum no double holds
  EXPECT_THAT(sizes(3, {1e-300, 1}), ElementsAre(0, 3));
}

TEST(Star, LeadsUpFromALeafAndDownToIt) {
  const Topology topology = make_topology(star_of(6, {1, 2}));
  for (int leaf = 0; leaf < 6; ++leaf) {
    EXPECT_EQ(up(topology, leaf).from, vertex_of(topology, leaf));
    EXPECT_EQ(down(topology, leaf).to, vertex_of(topology, leaf));
    EXPECT_EQ(down(topology, leaf).bandwidth.bits_per_s,
              10 * up(topology, leaf).bandwidth.bits_per_s);
    EXPECT_EQ(up(topology, leaf).latency, 10ms);
    EXPECT_FALSE(up(topology, leaf).medium);
  }
}

// The first leaf is of the class with a quarter of the leaves in a quarter of all orders: of 2000,
// 500 with a deviation of sqrt(2000 x 1/4 x 3/4) = 19.4.
TEST(Star, OrdersClassesByTheSeed) {
  StarConfig config = star_of(8, {1, 3});
  int first = 0;
  std::set<std::vector<int>> orders;
  for (config.seed = 0; config.seed < 2000; ++config.seed) {
    const auto classes = classes_of(make_topology(config));
    first += classes[0] == 1;
    orders.insert(classes);
  }
  EXPECT_NEAR(first, 500, 4 * 19.4);
  EXPECT_EQ(orders.size(), 28u);  // 8 over 2: all that there are
}

// Logarithms of factors are normal with mean 0 and deviation 0.5; over n leaves the mean deviates by
// 0.5 / sqrt(n), the deviation by 0.5 / sqrt(2n).
TEST(Star, SpreadsBothRatesOfALeafByOneFactor) {
  constexpr int kLeaves = 20'000;
  StarConfig config = star_of(kLeaves, {1});
  config.spread = 0.5;
  const Topology topology = make_topology(config);
  double sum = 0, squares = 0;
  for (int leaf = 0; leaf < kLeaves; ++leaf) {
    const double factor = up(topology, leaf).bandwidth.bits_per_s / 1e6;
    EXPECT_DOUBLE_EQ(down(topology, leaf).bandwidth.bits_per_s, factor * 1e7);
    sum += std::log(factor);
    squares += std::log(factor) * std::log(factor);
  }
  EXPECT_NEAR(sum / kLeaves, 0, 4 * 0.5 / std::sqrt(kLeaves));
  EXPECT_NEAR(std::sqrt(squares / kLeaves), 0.5, 4 * 0.5 / std::sqrt(2 * kLeaves));
}

TEST(Star, SpreadsALeafAlikeInStarsOfAllSizes) {
  StarConfig config = star_of(5, {1});
  config.spread = 1;
  const Topology small = make_topology(config);
  config.nodes = 50;
  const Topology large = make_topology(config);
  for (int leaf = 0; leaf < 5; ++leaf)
    EXPECT_EQ(up(small, leaf).bandwidth, up(large, leaf).bandwidth);
  ++config.seed;
  EXPECT_NE(up(make_topology(config), 0).bandwidth, up(large, 0).bandwidth);
}

TEST(Star, HasNoRateBelowOneBitASecond) {
  const Topology topology = make_topology(StarConfig{
      .nodes = 1000, .classes = {{.down = Bandwidth{1}, .up = Bandwidth{1}}}, .spread = 3});
  int least = 0;
  for (const Link& link : topology.links()) {
    EXPECT_GE(link.bandwidth.bits_per_s, 1);
    least += link.bandwidth.bits_per_s == 1;
  }
  EXPECT_NEAR(least, 1000, 4 * 2 * std::sqrt(1000 * 0.25));  // half of the factors, two links each
}

}  // namespace
}  // namespace understudy
