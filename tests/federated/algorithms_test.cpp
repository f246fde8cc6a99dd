// Every algorithm on f_i(x) = a_i/2 (x - b_i)^2, where trajectories and fixed points have closed forms.
#include <cmath>

#include "tests/federated/harness.hpp"

namespace understudy {
namespace {

constexpr double kTight = 1e-12;
const std::vector<double> kA = {1, 4, 2}, kB = {0, 3, -2};
constexpr double kRate = 0.1;
constexpr int kSteps = 3;

Federation three(FederatedKind kind, int rounds, int steps = kSteps) {
  Federation f;
  for (std::size_t i = 0; i < kA.size(); ++i) f.bowls.push_back({{kA[i]}, {kB[i]}, {5}});
  f.config.algorithm = kind;
  f.config.rounds = rounds;
  f.config.local_steps = steps;
  f.lr = kRate;
  return f;
}

// After K steps x - b has shrunk by (1 - lr a)^K.
double shrink(double a, int steps = kSteps) { return std::pow(1 - kRate * a, steps); }

// Where FedAvg ends: x = sum n_i (1 - q_i) b_i / sum n_i (1 - q_i), q_i the shrinking.
double fedavg_end(const std::vector<double>& weights = {1, 1, 1}, int steps = kSteps) {
  double above = 0, below = 0;
  for (std::size_t i = 0; i < kA.size(); ++i) {
    above += weights[i] * (1 - shrink(kA[i], steps)) * kB[i];
    below += weights[i] * (1 - shrink(kA[i], steps));
  }
  return above / below;
}
// The minimum of the sum: sum a b / sum a.
double optimum() { return (1 * 0.0 + 4 * 3.0 + 2 * -2.0) / 7; }

TEST(FedAvg, FollowsItsClosedFormToAPointBesideTheOptimum) {
  Federation f = three(FederatedKind::kFedAvg, 60);
  f.samples = {1, 2, 5};
  const FederationEnd end = run(f);
  double x = 5;
  for (const auto& model : end.models) {
    double next = 0;
    for (std::size_t i = 0; i < kA.size(); ++i)
      next += static_cast<double>(f.samples[i]) * (kB[i] + shrink(kA[i]) * (x - kB[i])) / 8;
    x = next;
    ASSERT_NEAR(model[0], x, kTight);
  }
  EXPECT_NEAR(x, fedavg_end({1, 2, 5}), 1e-9);
  EXPECT_GT(std::abs(run(three(FederatedKind::kFedAvg, 60)).models.back()[0] - optimum()), 0.1);
}

TEST(FedAvg, WithOneStepOfAllClientsIsGradientDescentOnTheMean) {
  const FederationEnd end = run(three(FederatedKind::kFedAvg, 20, 1));
  double x = 5;
  for (const auto& model : end.models) {
    x -= kRate * ((x - 0) + 4 * (x - 3) + 2 * (x + 2)) / 3;
    ASSERT_NEAR(model[0], x, kTight);
  }
}

// Local steps contract to c = (a b + mu x) / (a + mu) by 1 - lr (a + mu).
TEST(FedProx, FollowsItsClosedForm) {
  Federation f = three(FederatedKind::kFedProx, 30);
  f.config.settings.mu = 1.5;
  double x = 5;
  for (const auto& model : run(f).models) {
    double next = 0;
    for (std::size_t i = 0; i < kA.size(); ++i) {
      const double c = (kA[i] * kB[i] + 1.5 * x) / (kA[i] + 1.5);
      next += (c + std::pow(1 - kRate * (kA[i] + 1.5), kSteps) * (x - c)) / 3;
    }
    x = next;
    ASSERT_NEAR(model[0], x, kTight);
  }
}

TEST(FedProx, WithoutItsTermIsFedAvgToTheBit) {
  Federation f = three(FederatedKind::kFedProx, 5);
  f.config.settings.mu = 0;
  EXPECT_EQ(run(f).models, run(three(FederatedKind::kFedAvg, 5)).models);
}

TEST(Scaffold, ReachesTheOptimumThatFedAvgMisses) {
  const FederationEnd end = run(three(FederatedKind::kScaffold, 300));
  EXPECT_NEAR(end.models.back()[0], optimum(), 1e-9);
  // There the variates are the clients' gradients.
  for (std::size_t i = 0; i < kA.size(); ++i)
    EXPECT_NEAR(end.kept[i][0], kA[i] * (optimum() - kB[i]), 1e-9);
}

// The first round's variates are zero, so it is FedAvg's; they are then the mean gradients met.
TEST(Scaffold, BeginsAsFedAvg) {
  const FederationEnd end = run(three(FederatedKind::kScaffold, 1));
  EXPECT_NEAR(end.models[0][0], run(three(FederatedKind::kFedAvg, 1)).models[0][0], kTight);
  for (std::size_t i = 0; i < kA.size(); ++i) {
    const double moved = (5 - kB[i]) * (1 - shrink(kA[i]));
    EXPECT_NEAR(end.kept[i][0], moved / (kSteps * kRate), kTight);
  }
}

TEST(Scaffold, ReachesTheOptimumWithOneClientOfThreeARound) {
  Federation f = three(FederatedKind::kScaffold, 3000);
  f.config.cohort = 1;
  EXPECT_NEAR(run(f).models.back()[0], optimum(), 1e-6);
}

TEST(FedAdam, TakesTheMeanChangeForAGradient) {
  Federation f = three(FederatedKind::kFedAdam, 4);
  f.config.settings.server_lr = 0.3;
  double x = 5, m = 0, v = 1e-6;
  for (const auto& model : run(f).models) {
    double d = 0;
    for (std::size_t i = 0; i < kA.size(); ++i) d += (shrink(kA[i]) - 1) * (x - kB[i]) / 3;
    m = 0.9 * m + 0.1 * d;
    v = 0.99 * v + 0.01 * d * d;
    x += 0.3 * m / (std::sqrt(v) + 1e-3);
    ASSERT_NEAR(model[0], x, kTight);
  }
}

// Stationary in x for the mean of a (1 - alpha a)^p (x - b): p is 1 without the Hessian, 2 with it.
double meta_end(double alpha, int power) {
  double above = 0, below = 0;
  for (std::size_t i = 0; i < kA.size(); ++i) {
    const double weight = kA[i] * std::pow(1 - alpha * kA[i], power);
    above += weight * kB[i];
    below += weight;
  }
  return above / below;
}

TEST(PerFedAvg, EndsWhereTheMetaGradientVanishes) {
  for (const auto& [kind, power] :
       {std::pair(FederatedKind::kPerFedAvg, 1), std::pair(FederatedKind::kPerFedAvgHf, 2)}) {
    Federation f = three(kind, 400, 1);
    f.config.settings.inner_lr = 0.15;
    const FederationEnd end = run(f);
    const double x = meta_end(0.15, power);
    EXPECT_NEAR(end.models.back()[0], x, 1e-9);
    for (std::size_t i = 0; i < kA.size(); ++i)
      EXPECT_NEAR(end.personal[i][0], x - 0.15 * kA[i] * (x - kB[i]), 1e-9);
  }
}

TEST(Ditto, HoldsPersonalModelsBetweenTheirMinimaAndTheGlobalOne) {
  Federation f = three(FederatedKind::kDitto, 300);
  f.config.settings.lambda = 0.7;
  const FederationEnd end = run(f);
  const double x = fedavg_end();
  EXPECT_NEAR(end.models.back()[0], x, 1e-9);
  for (std::size_t i = 0; i < kA.size(); ++i)
    EXPECT_NEAR(end.personal[i][0], (kA[i] * kB[i] + 0.7 * x) / (kA[i] + 0.7), 1e-9);
}

// With one step a round v rests only where the mixture's gradient is zero: alpha v + (1 - alpha) x = b.
TEST(Apfl, MixesUntilTheMixtureIsTheClientsMinimum) {
  Federation f = three(FederatedKind::kApfl, 3000, 1);
  f.config.settings.mixing = 0.5;
  const FederationEnd end = run(f);
  EXPECT_NEAR(end.models.back()[0], fedavg_end({1, 1, 1}, 1), 1e-9);
  for (std::size_t i = 0; i < kA.size(); ++i) {
    EXPECT_NEAR(end.kept[i][0], (kB[i] - 0.5 * end.models.back()[0]) / 0.5, 1e-6);
    EXPECT_NEAR(end.personal[i][0], kB[i], 1e-6);
  }
}

TEST(Apfl, WithoutAShareOfItsOwnModelIsFedAvgToTheBit) {
  Federation f = three(FederatedKind::kApfl, 5);
  f.config.settings.mixing = 0;
  const FederationEnd end = run(f);
  EXPECT_EQ(end.models, run(three(FederatedKind::kFedAvg, 5)).models);
  EXPECT_EQ(end.personal[1], end.models.back());
}

// One client, one step a round: w is the server's x, v = x in the first round, so that alpha moves in
// the second one, by lr (v - w) a (m - b).
TEST(Apfl, AdaptsItsShare) {
  Federation f;
  f.bowls = {{{2}, {1}, {5}}};
  f.config = {.algorithm = FederatedKind::kApfl, .rounds = 2, .local_steps = 1};
  f.config.settings.adapt_mixing = true;
  const FederationEnd end = run(f);
  const double x1 = 5 - kRate * 2 * 4, v1 = 5 - kRate * 0.5 * 2 * 4;
  const double alpha = 0.5 - kRate * (v1 - x1) * 2 * (0.5 * v1 + 0.5 * x1 - 1);
  EXPECT_NEAR(end.kept[0][1], alpha, kTight);
  EXPECT_LT(alpha, 0.5);
}

Federation two_dimensions(FederatedKind kind, int rounds) {
  Federation f;
  for (std::size_t i = 0; i < kA.size(); ++i)
    f.bowls.push_back({{kA[i], kA[i]}, {kB[i], kB[i]}, {5, 5}});
  f.config = {.algorithm = kind, .rounds = rounds, .local_steps = kSteps};
  return f;
}

TEST(FedPer, SharesTheFirstLayerAndLeavesEachItsLast) {
  const FederationEnd end = run(two_dimensions(FederatedKind::kFedPer, 60));
  ASSERT_EQ(end.models.back().size(), 1u);
  EXPECT_NEAR(end.models.back()[0], fedavg_end(), 1e-9);
  for (std::size_t i = 0; i < kA.size(); ++i) {
    EXPECT_NEAR(end.kept[i][0], kB[i] + shrink(kA[i], 60 * kSteps) * (5 - kB[i]), kTight);
    EXPECT_EQ(end.personal[i], (std::vector<double>{end.models.back()[0], end.kept[i][0]}));
  }
}

// A message of one value and a head each way is all that travels.
TEST(FedPer, SendsTheSharedLayersAlone) {
  const FederationEnd end = run(two_dimensions(FederatedKind::kFedPer, 1));
  EXPECT_EQ(end.world.nodes[0].bytes_sent, static_cast<std::int64_t>(24 + sizeof(double)));
  EXPECT_EQ(end.world.nodes[3].bytes_sent, static_cast<std::int64_t>(3 * (4 + sizeof(double))));
}

TEST(FedRep, TrainsTheHeadFirst) {
  Federation f = two_dimensions(FederatedKind::kFedRep, 1);
  f.config.settings.head_passes = 2;
  const FederationEnd end = run(f);
  EXPECT_NEAR(end.models.back()[0], run(three(FederatedKind::kFedAvg, 1)).models[0][0], kTight);
  for (std::size_t i = 0; i < kA.size(); ++i)
    EXPECT_NEAR(end.kept[i][0], kB[i] + shrink(kA[i], 2 * kSteps) * (5 - kB[i]), kTight);
}

TEST(FedPer, RefusesToShareNothing) {
  Federation f = two_dimensions(FederatedKind::kFedPer, 1);
  f.config.settings.personal_layers = 2;
  try {
    run(f);
    FAIL();
  } catch (const ScenarioError& problem) {
    EXPECT_STREQ(
        problem.what(),
        "strategy.personal_layers: of a model of 2 layers 2 can't be each client's own and "
        "leave one to share");
  }
}

TEST(LossWeighted, WeighsByTheLossOfTheTrainedModels) {
  Federation f = three(FederatedKind::kLossWeighted, 1);
  f.config.settings.sharpness = 0.3;
  double above = 0, below = 0;
  for (std::size_t i = 0; i < kA.size(); ++i) {
    const double x = kB[i] + shrink(kA[i]) * (5 - kB[i]);
    const double weight = std::exp(-0.3 * kA[i] / 2 * (x - kB[i]) * (x - kB[i]));
    above += weight * x;
    below += weight;
  }
  EXPECT_NEAR(run(f).models[0][0], above / below, kTight);
}

TEST(LossWeighted, WithoutSharpnessIsFedAvg) {
  Federation f = three(FederatedKind::kLossWeighted, 5);
  f.config.settings.sharpness = 0;
  EXPECT_EQ(run(f).models, run(three(FederatedKind::kFedAvg, 5)).models);
}

}  // namespace
}  // namespace understudy
