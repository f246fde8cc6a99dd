#include "runtime/training/optimizer.hpp"

#include <cmath>

#include "runtime/base/errors.hpp"
#include "runtime/learners/quadratic.hpp"

namespace understudy {
namespace {

using testing::ElementsAre;

Layout plain_layout(std::size_t size) {
  return {{{"w", {static_cast<std::int64_t>(size)}, 0, size, true}}, size};
}

// x after `steps` steps on a/2 (x - b)^2.
double descend(const SgdConfig& config, double a, double b, double start, int steps) {
  const QuadraticLearner<double> learner({a, b, start});
  std::vector<double> x(1);
  std::vector<double> gradient(1);
  learner.initial(RandomStream({}), x);
  Sgd<double> optimizer(config, learner.layout());
  for (int i = 0; i < steps; ++i) {
    learner.gradient(x, {}, gradient, RandomStream({}), {});
    optimizer.step(x, gradient, config.lr);
  }
  return x[0];
}

TEST(Sgd, FollowsTheClosedFormOnAQuadratic) {
  EXPECT_NEAR(descend({.lr = 0.1}, 3, 2, 5, 20), 2 + std::pow(1 - 0.1 * 3, 20) * 3, 1e-14);
}

// (3, 4) has the norm 5. A buffer counts neither in the norm nor is it changed.
TEST(Sgd, ClipsTheGradientsNorm) {
  Layout layout = plain_layout(2);
  layout.slices.push_back({"buffer", {1}, 2, 1, false});
  layout.size = 3;
  const std::vector<double> gradient{3, 4, 100};
  const auto stepped = [&](double clip_norm) {
    std::vector<double> x{0, 0, 7};
    Sgd<double>({.lr = 1, .clip_norm = clip_norm}, layout).step(x, gradient, 1);
    return x;
  };
  const double factor = 1 / (5 + 1e-6);
  EXPECT_THAT(stepped(1),
              ElementsAre(testing::DoubleEq(-3 * factor), testing::DoubleEq(-4 * factor), 7));
  EXPECT_THAT(stepped(5.1), ElementsAre(-3, -4, 7));
  EXPECT_EQ(gradient, (std::vector<double>{3, 4, 100}));
}

// Decay comes after: the gradient alone is clipped.
TEST(Sgd, ClipsBeforeWeightDecay) {
  std::vector<double> x{10};
  Sgd<double>({.weight_decay = 0.5, .clip_norm = 2}, plain_layout(1))
      .step(x, std::vector<double>{1000}, 0.1);
  EXPECT_NEAR(x[0], 10 - 0.1 * (1000 * 2 / (1000 + 1e-6) + 0.5 * 10), 1e-12);
}

TEST(Sgd, ClippingCostsOneKernelMore) {
  const Layout layout = plain_layout(10);
  const Cost plain = Sgd<float>({}, layout).cost(),
             clipped = Sgd<float>({.clip_norm = 1}, layout).cost();
  ASSERT_EQ(clipped.size(), plain.size() + 1);
  EXPECT_EQ(clipped[0].flops, 30);
  EXPECT_EQ(clipped[0].bytes, 120);
  EXPECT_EQ(clipped[1].flops, plain[0].flops);
}

// With weight decay w the same descent is one on (a + w)/2 (x - ab/(a + w))^2.
TEST(Sgd, WeightDecayIsAQuadraticOfItsOwn) {
  const double a = 3, b = 2, w = 1, rest = a * b / (a + w);
  EXPECT_NEAR(descend({.lr = 0.1, .weight_decay = w}, a, b, 5, 20),
              rest + std::pow(1 - 0.1 * (a + w), 20) * (5 - rest), 1e-14);
}

// Heavy ball on a quadratic is linear: (e, m) -> (e - lr (mu m + (1 - d) a e), mu m + (1 - d) a e),
// m = a e at first. With critical damping, mu = (1 - sqrt(lr a))^2, its double eigenvalue is s =
// sqrt(mu): e_t = (c + k t) s^t with c, k from e_0 and e_1 = (1 - lr a) e_0.
TEST(Sgd, MomentumAtCriticalDamping) {
  const double a = 4, lr = 0.01, s = 1 - std::sqrt(lr * a), e0 = 3;
  const double k = ((1 - lr * a) / s - 1) * e0;
  EXPECT_NEAR(descend({.lr = lr, .momentum = s * s}, a, 1, 1 + e0, 25),
              1 + (e0 + k * 25) * std::pow(s, 25), 1e-12);
}

// Two steps: b1 = g1, d1 = g1 + mu b1; b2 = mu b1 + g2, d2 = g2 + mu b2.
TEST(Sgd, NesterovByHand) {
  const double a = 2, lr = 0.1, mu = 0.5;
  const double x1 = 1 - lr * (2 + mu * 2);
  const double g2 = a * x1, b2 = mu * 2 + g2;
  EXPECT_NEAR(descend({.lr = lr, .momentum = mu, .nesterov = true}, a, 0, 1, 2),
              x1 - lr * (g2 + mu * b2), 1e-15);
}

// The buffer starts as the whole first gradient, then takes only (1 - dampening) of each.
TEST(Sgd, DampeningSparesTheFirstStep) {
  const double lr = 0.1, mu = 0.5, d = 0.25;
  const double x1 = 1 - lr * 2, b2 = mu * 2 + (1 - d) * 2 * x1;
  EXPECT_NEAR(descend({.lr = lr, .momentum = mu, .dampening = d}, 2, 0, 1, 2), x1 - lr * b2, 1e-15);
}

TEST(Sgd, LeavesBuffersAlone) {
  const Layout layout{{{"w", {1}, 0, 1, true}, {"mean", {2}, 1, 2, false}, {"v", {1}, 3, 1, true}},
                      4};
  Sgd<float> optimizer({.momentum = 0.5}, layout);
  std::vector<float> parameters{1, 1, 1, 1};
  optimizer.step(parameters, std::vector<float>{1, 1, 1, 1}, 0.5);
  EXPECT_THAT(parameters, ElementsAre(0.5f, 1.0f, 1.0f, 0.5f));
}

TEST(Sgd, GoesOnFromItsState) {
  const SgdConfig config{.lr = 0.1, .momentum = 0.9, .dampening = 0.1};
  Sgd<float> whole(config, plain_layout(3));
  std::vector<float> a{1, 2, 3};
  const std::vector<float> gradient{0.5f, -1, 2};
  EXPECT_TRUE(whole.state().empty());
  whole.step(a, gradient, 0.1);
  std::vector<float> b = a;
  Sgd<float> resumed(config, plain_layout(3));
  resumed.restore(whole.state());
  whole.step(a, gradient, 0.1);
  resumed.step(b, gradient, 0.1);
  EXPECT_EQ(a, b);
  EXPECT_THROW(resumed.restore(std::vector<float>(2)), DataError);
  EXPECT_THROW(Sgd<float>({.lr = 0.1}, plain_layout(3)).restore(std::vector<float>(3)), DataError);
}

TEST(Sgd, CostCountsWhatOneFusedKernelMoves) {
  const Cost bare = Sgd<float>({}, plain_layout(100)).cost();
  ASSERT_EQ(bare.size(), 1);
  EXPECT_EQ(bare[0].phase, Phase::kUpdate);
  EXPECT_EQ(bare[0].flops, 200);   // p - lr g
  EXPECT_EQ(bare[0].bytes, 1200);  // p in and out, g in
  const Cost full =
      Sgd<float>({.momentum = 0.9, .weight_decay = 0.1, .nesterov = true}, plain_layout(100))
          .cost();
  EXPECT_EQ(full[0].flops, 800);
  EXPECT_EQ(full[0].bytes, 2000);  // the buffer in and out too
}

}  // namespace
}  // namespace understudy
