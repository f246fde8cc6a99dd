// CONNECT on bowls, whose eigenvectors are the axes and whose eigenvalues are their curvatures.
#include <cmath>
#include <numeric>

#include "runtime/federated/arithmetic.hpp"
#include "tests/federated/gossip_harness.hpp"

namespace understudy {
namespace {

const std::vector<double> kCurvature{100, 10, 1};

// The first `count` axes: the largest curvatures come first.
Eigenpairs<double> axes(int count) {
  Eigenpairs<double> pairs;
  pairs.vectors.resize(static_cast<std::size_t>(count) * 3);
  for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
    pairs.vectors[k * 3 + k] = 1;
    pairs.values.push_back(kCurvature[k]);
  }
  pairs.products = 7;
  return pairs;
}

// Two nodes that train to their own minima in a step (as Newton's would, by curvature one), and then
// have d = (b_other - b_own) / 2.
Gossip two(ConnectVariant variant, int count) {
  Gossip g;
  g.graph = line(2);
  g.bowls = {{{1, 1, 1}, {0, 0, 0}}, {{1, 1, 1}, {2, 4, 6}}};
  g.lr = 1;
  g.config.algorithm = GossipKind::kConnect;
  g.config.variant = variant;
  g.config.eigenpairs = count;
  g.config.damping = 10;
  g.config.rounds = 1;
  g.config.local_steps = 1;
  g.find_eigenpairs = [](std::size_t, std::span<const double>, int k, RandomStream) {
    return axes(k);
  };
  return g;
}

TEST(Connect, AsPublishedIsTheMeanWhateverTheEigenpairs) {
  const auto models = run(two(ConnectVariant::kPublished, 2)).models[0];
  EXPECT_THAT(models[0], testing::ElementsAre(1, 2, 3));
  EXPECT_THAT(models[1], testing::ElementsAre(1, 2, 3));
}

TEST(Connect, AlongLowLossLeavesHighCurvatureAlone) {
  const auto models = run(two(ConnectVariant::kLowLoss, 2)).models[0];
  EXPECT_THAT(models[0], testing::ElementsAre(0, 0, 3));
  EXPECT_THAT(models[1], testing::ElementsAre(2, 4, 3));
}

// 1 - l / (l + 10): 1/11 at 100, 1/2 at 10, all where no eigenpair is known.
TEST(Connect, DampedMovesTheLessTheHigherTheCurvature) {
  const auto model = run(two(ConnectVariant::kDamped, 2)).models[0][0];
  EXPECT_NEAR(model[0], 1.0 / 11, 1e-15);
  EXPECT_NEAR(model[1], 2.0 / 2, 1e-15);
  EXPECT_NEAR(model[2], 3, 1e-15);
}

TEST(Connect, OfNoEigenpairsIsAsPublishedToTheBit) {
  Gossip published = two(ConnectVariant::kPublished, 0);
  published.config.rounds = 4;
  published.lr = 0.3;
  for (const ConnectVariant variant :
       {ConnectVariant::kLowLoss, ConnectVariant::kDamped, ConnectVariant::kRandom}) {
    Gossip other = published;
    other.config.variant = variant;
    EXPECT_EQ(run(other).models, run(published).models);
  }
}

// Along a random plane in three dimensions a node moves by a projection: no more than d, and at right
// angles to what is left.
TEST(Connect, AlongRandomDirectionsMovesByAProjection) {
  const auto model = run(two(ConnectVariant::kRandom, 2)).models[0][0];
  const std::vector<double> d{1, 2, 3};
  std::vector<double> left(3);
  subtract<double>(d, model, left);
  EXPECT_NEAR(dot<double>(model, left), 0, 1e-12);
  EXPECT_GT(norm<double>(left), 1e-3);
  EXPECT_GT(norm<double>(model), 1e-3);
}

TEST(Connect, RandomDirectionsAreOrthonormal) {
  const auto pairs = random_directions<double>(20, 6, RandomStream({.seed = 1}));
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      const auto a = std::span(pairs.vectors).subspan(i * 20, 20);
      const auto b = std::span(pairs.vectors).subspan(j * 20, 20);
      EXPECT_NEAR(dot<double>(a, b), i == j ? 1 : 0, 1e-14);
    }
  }
}

// A negative eigenvalue counts as zero: nothing is damped.
TEST(Connect, DampsNothingAlongNegativeCurvature) {
  Eigenpairs<double> pairs = axes(1);
  pairs.values[0] = -50;
  std::vector<double> d{1, 2, 3};
  restrict_direction<double>(ConnectVariant::kDamped, pairs, 10, d);
  EXPECT_THAT(d, testing::ElementsAre(1, 2, 3));
}

// The bowls' axes are their eigenvectors, so that the diagonal damps as the eigenpairs do: by 10 / (h + 10).
TEST(Connect, DampedByTheDiagonalScalesEachParameter) {
  Eigenpairs<double> pairs;
  pairs.diagonal = {100, 10, -1};
  std::vector<double> d{1, 2, 3};
  restrict_direction<double>(ConnectVariant::kDamped, pairs, 10, d);
  EXPECT_NEAR(d[0], 1.0 / 11, 1e-15);
  EXPECT_NEAR(d[1], 1, 1e-15);
  EXPECT_EQ(d[2], 3);
}

// One gradient of 1 s to train and fourteen for seven products.
TEST(Connect, TellsItsShareOfTheRound) {
  Gossip g = two(ConnectVariant::kPublished, 2);
  g.profiles.profiles["second"] = {.flops_per_s = 1e12};
  g.topology = MeshConfig{.bandwidth = Bandwidth{1e15}, .device = "second"};
  g.charged_products = 7;
  double share = 0;
  const GossipEnd end = run(g);
  for (const Sample& s : end.world.samples[0]) {
    if (s.name == "curvature_share") share = s.value;
  }
  EXPECT_NEAR(share, 14.0 / 15, 1e-6);
}

TEST(Connect, ChargesItsProducts) {
  Gossip g = two(ConnectVariant::kPublished, 2);
  g.profiles.profiles["second"] = {.flops_per_s = 1e12};
  g.topology = MeshConfig{.bandwidth = Bandwidth{1e15}, .device = "second"};
  const double without = to_seconds(run(g).world.time);
  g.charged_products = 7;
  const GossipEnd end = run(g);
  EXPECT_NEAR(to_seconds(end.world.time) - without, 14, 1e-6);  // two gradients of 1 s each
  bool recorded = false;
  for (const Sample& s : end.world.samples[0])
    recorded = recorded || (s.name == "hessian_products" && s.value == 7);
  EXPECT_TRUE(recorded);
}

}  // namespace
}  // namespace understudy
