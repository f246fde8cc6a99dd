// SuperFed's steps against finite differences of its loss, as the paper states it.
#include "runtime/federated/superfed.hpp"

#include <cmath>

#include "tests/federated/harness.hpp"

namespace understudy {
namespace {

constexpr double kMu = 0.3, kNu = 2, kRate = 0.05;
const Bowl::Shape kShape{{1, 3, 0.5}, {2, -1, 4}, {1, 2, -1}};

// CE stands for the bowl: f((1 - l) w_f + l w_l) + mu |w_f - w_g| + nu cos^2(w_f, w_l), written out.
double loss(const std::vector<double>& both, const std::vector<double>& global,
            const std::vector<double>& l) {
  double f = 0, away = 0, ff = 0, fl = 0, ll = 0;
  for (std::size_t j = 0; j < 3; ++j) {
    const double wf = both[j], wl = both[3 + j];
    const double d = (1 - l[j]) * wf + l[j] * wl - kShape.b[j];
    f += kShape.a[j] / 2 * d * d;
    away += (wf - global[j]) * (wf - global[j]);
    ff += wf * wf;
    fl += wf * wl;
    ll += wl * wl;
  }
  return f + kMu * std::sqrt(away) + kNu * fl * fl / (ff * ll);
}

// By central differences; at w_f = w_g the distance has slope zero from both sides' mean.
std::vector<double> slope(std::vector<double> both, const std::vector<double>& global,
                          const std::vector<double>& l) {
  constexpr double kStep = 1e-6;
  std::vector<double> out;
  for (std::size_t j = 0; j < both.size(); ++j) {
    const double at = both[j];
    both[j] = at + kStep;
    const double above = loss(both, global, l);
    both[j] = at - kStep;
    out.push_back((above - loss(both, global, l)) / (2 * kStep));
    both[j] = at;
  }
  return out;
}

void expect_steps_along_the_slope(FederatedKind kind) {
  Federation f;
  f.bowls = {kShape};
  f.lr = kRate;
  f.config = {.algorithm = kind, .rounds = 1, .local_steps = 3};
  f.config.settings = {.mu = kMu, .nu = kNu, .personal_from = 0};
  const FederationEnd end = run(f);
  const std::vector<double> global = kShape.start;
  std::vector<double> both = global;
  both.insert(both.end(), global.begin(), global.end());
  for (std::uint32_t k = 0; k < 3; ++k) {
    RandomStream random({.seed = 3, .node = 0, .purpose = Purpose::kMixing, .round = 1, .step = k});
    std::vector<double> l(3, random.uniform());
    if (kind == FederatedKind::kSuperFedLm) l = {l[0], random.uniform(), random.uniform()};
    const auto gradient = slope(both, global, l);
    for (std::size_t j = 0; j < 6; ++j) both[j] -= kRate * gradient[j];
  }
  for (std::size_t j = 0; j < 3; ++j) {
    EXPECT_NEAR(end.models[0][j], both[j], 1e-8);
    EXPECT_NEAR(end.kept[0][j], both[3 + j], 1e-8);
    EXPECT_NEAR(end.personal[0][j], (both[j] + both[3 + j]) / 2, 1e-8);
  }
}

TEST(SuperFed, StepsAlongTheSlopeOfItsLossWithOneMixtureForTheModel) {
  expect_steps_along_the_slope(FederatedKind::kSuperFedMm);
}
TEST(SuperFed, StepsAlongTheSlopeOfItsLossWithAMixtureForEachLayer) {
  expect_steps_along_the_slope(FederatedKind::kSuperFedLm);
}

TEST(SuperFed, BeforeItsStartIsFedAvgToTheBit) {
  Federation f;
  f.bowls = {kShape, {{2, 1, 1}, {0, 0, 1}, kShape.start}};
  f.config = {.algorithm = FederatedKind::kSuperFedMm, .rounds = 5, .local_steps = 2};
  f.config.settings = {.mu = 0, .personal_from = 0.8};
  const FederationEnd end = run(f);
  f.config.algorithm = FederatedKind::kFedAvg;
  const FederationEnd plain = run(f);
  // floor(0.8 x 5) = 4 rounds train w_f alone.
  for (std::size_t round = 0; round < 4; ++round) EXPECT_EQ(end.models[round], plain.models[round]);
  EXPECT_NE(end.models[4], plain.models[4]);
  f.config.algorithm = FederatedKind::kSuperFedLm;
  f.config.settings.personal_from = 1;
  EXPECT_TRUE(run(f).kept[0].empty());
}

// f = (3, 4), l = (4, 3): cos = 24/25; d/df cos^2 = 2 cos (l / 25 - cos f / 25) = by hand.
TEST(SuperFed, SquaredCosineByHand) {
  const Bowl bowl({{1, 1}, {0, 0}});
  const std::vector<double> f{3, 4}, l{4, 3};
  const SuperFedModels<double> models{bowl.layout(), f, l, f};
  EXPECT_DOUBLE_EQ(squared_cosine(models), 576.0 / 625);
  std::vector<double> by_f(2), by_l(2);
  add_squared_cosine_gradients<double>(models, 1, by_f, by_l);
  const double c = 24.0 / 25;
  EXPECT_NEAR(by_f[0], 2 * c * (4 - c * 3) / 25, 1e-15);
  EXPECT_NEAR(by_f[1], 2 * c * (3 - c * 4) / 25, 1e-15);
  EXPECT_NEAR(by_l[0], 2 * c * (3 - c * 4) / 25, 1e-15);
  EXPECT_NEAR(by_l[1], 2 * c * (4 - c * 3) / 25, 1e-15);
  // Along itself a direction's cosine does not change.
  EXPECT_NEAR(by_f[0] * f[0] + by_f[1] * f[1], 0, 1e-15);
}

}  // namespace
}  // namespace understudy
