// Gossip against what is known of its mixing matrix W: consensus shrinks by the second eigenvalue, the
// mean stays where W is doubly stochastic, and nobody ever waits for who is away.
#include <cmath>
#include <numbers>

#include "sim/world/compute_pool.hpp"
#include "tests/federated/gossip_harness.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
constexpr double kPi = std::numbers::pi;

// Flat bowls (a = 0): training changes nothing, models start at `start`, the same on every node; what
// starts apart is brought about by one round of steps with lr a = 1, which lead to b.
Gossip flat(const Graph& graph, const std::vector<double>& values, int rounds) {
  Gossip g;
  g.graph = graph;
  for (const double value : values) g.bowls.push_back({{1}, {value}, {0}});
  g.config.rounds = rounds;
  g.config.local_steps = 1;
  g.lr = 1;
  return g;
}

// W applied once to x, from weights of its own making.
std::vector<double> mixed(const Graph& graph, Mixing mixing, const std::vector<double>& x) {
  std::vector<double> out;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    double own = 1, sum = 0;
    for (const std::uint32_t j : graph[i]) {
      const double degree = static_cast<double>(graph[i].size());
      const double other = static_cast<double>(graph[j].size());
      const double weight =
          1 / (1 + (mixing == Mixing::kMetropolis ? std::max(degree, other) : degree));
      own -= weight;
      sum += weight * x[j];
    }
    out.push_back(own * x[i] + sum);
  }
  return out;
}

// With steps that lead to b whatever came before, a round ends at W b.
TEST(Gossip, MixesByItsMatrix) {
  const std::vector<double> b{1, -2, 5, 0.5, 7};
  for (const Mixing mixing : {Mixing::kPlain, Mixing::kMetropolis}) {
    Gossip g = flat(line(5), b, 1);
    g.config.mixing = mixing;
    const auto models = run(g).models[0];
    const std::vector<double> expected = mixed(g.graph, mixing, b);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(models[i][0], expected[i], 1e-14);
  }
}

// The share of the distance to consensus that a round leaves, once the slowest mode is all there is:
// with steps of rate lr on equal bowls, (1 - lr) times W's second eigenvalue. `rounds` are enough for
// the slowest mode to be alone, and few enough for it to be there.
double measured_rate(const Graph& graph, std::size_t rounds) {
  Gossip g;
  g.graph = graph;
  for (std::size_t i = 0; i < graph.size(); ++i)
    g.bowls.push_back({{1}, {std::sin(1.0 + 2.3 * static_cast<double>(i))}, {0}});
  g.config.mixing = Mixing::kMetropolis;
  g.config.rounds = static_cast<int>(rounds);
  g.config.local_steps = 1;
  g.lr = 0.1;
  const GossipEnd end = run(g);
  // Fixed points differ by node; successive differences shrink by the same factor.
  const auto change = [&](std::size_t round) {
    double sum = 0, mean = 0;
    const auto& now = end.models[round];
    const auto& before = end.models[round - 1];
    for (std::size_t i = 0; i < now.size(); ++i) mean += now[i][0] - before[i][0];
    mean /= static_cast<double>(now.size());
    for (std::size_t i = 0; i < now.size(); ++i)
      sum += std::pow(now[i][0] - before[i][0] - mean, 2);
    return std::sqrt(sum);
  };
  return change(rounds - 1) / change(rounds - 2) / 0.9;
}

TEST(Gossip, AgreesAtTheRateOfTheSecondEigenvalue) {
  // Circulant: eigenvalues (1 + 2 cos(2 pi k / n)) / 3.
  EXPECT_NEAR(measured_rate(ring(8), 60), (1 + 2 * std::cos(2 * kPi / 8)) / 3, 1e-6);
  // I - L/3 of a path: 1 - (2 - 2 cos(pi k / n)) / 3.
  EXPECT_NEAR(measured_rate(line(5), 60), 1 - (2 - 2 * std::cos(kPi / 5)) / 3, 1e-6);
  // I - L/(d+1) of a d-cube: 1 - 2/(d+1).
  EXPECT_NEAR(measured_rate(hypercube(3), 20), 0.5, 1e-6);
  // The torus of 3 x 3 is a sum of two rings of 3, degree 4: 1 - 3/5.
  Graph torus(9);
  for (std::uint32_t i = 0; i < 9; ++i) {
    const std::uint32_t r = i / 3, c = i % 3;
    torus[i] = {(r + 1) % 3 * 3 + c, (r + 2) % 3 * 3 + c, r * 3 + (c + 1) % 3, r * 3 + (c + 2) % 3};
    std::sort(torus[i].begin(), torus[i].end());
  }
  EXPECT_NEAR(measured_rate(torus, 20), 0.4, 1e-6);
}

TEST(Gossip, OnACompleteGraphAgreesAtOnceToTheBit) {
  const auto models = run(flat(complete(5), {1, -2, 5, 0.3, 7}, 1)).models[0];
  for (const auto& model : models) EXPECT_EQ(model, models[0]);
  EXPECT_NEAR(models[0][0], 11.3 / 5, 1e-14);
}

TEST(Gossip, MetropolisKeepsTheMeanWherePlainDoesNot) {
  // A star is as unequal as a graph gets.
  Graph star(5);
  for (std::uint32_t i = 1; i < 5; ++i) {
    star[0].push_back(i);
    star[i] = {0};
  }
  const auto mean = [](const auto& models) {
    double sum = 0;
    for (const auto& model : models) sum += model[0];
    return sum / static_cast<double>(models.size());
  };
  Gossip g = flat(star, {10, 0, 0, 0, 0}, 1);
  EXPECT_GT(std::abs(mean(run(g).models[0]) - 2), 0.5);
  g.config.mixing = Mixing::kMetropolis;
  EXPECT_NEAR(mean(run(g).models[0]), 2, 1e-14);
}

TEST(Gossip, OnACompleteGraphIsGradientDescentOnTheMean) {
  Gossip g;
  g.graph = complete(3);
  g.bowls = {{{1}, {0}, {5}}, {{4}, {3}, {5}}, {{2}, {-2}, {5}}};
  g.config.rounds = 20;
  g.config.local_steps = 1;
  double x = 5;
  for (const auto& models : run(g).models) {
    x -= 0.1 * ((x - 0) + 4 * (x - 3) + 2 * (x + 2)) / 3;
    for (const auto& model : models) ASSERT_NEAR(model[0], x, 1e-12);
  }
}

// x_i = sum_j W_ij x_j - lr a_i (x_i - b_i), with the gradient from before the exchange.
TEST(DPsgd, AddsTheStepToTheMeanOfWhatWasBefore) {
  Gossip g;
  g.graph = ring(4);
  g.bowls = {{{1}, {0}, {5}}, {{4}, {3}, {5}}, {{2}, {-2}, {5}}, {{1}, {1}, {5}}};
  g.config.algorithm = GossipKind::kDPsgd;
  g.config.rounds = 25;
  g.config.local_steps = 1;
  std::vector<double> x(4, 5);
  for (const auto& models : run(g).models) {
    std::vector<double> next = mixed(g.graph, Mixing::kPlain, x);
    for (std::size_t i = 0; i < 4; ++i) next[i] -= 0.1 * g.bowls[i].a[0] * (x[i] - g.bowls[i].b[0]);
    x = next;
    for (std::size_t i = 0; i < 4; ++i) ASSERT_NEAR(models[i][0], x[i], 1e-12);
  }
}

// The exchange of models hides behind the step.
TEST(DPsgd, OverlapsTheExchangeWithTheStep) {
  Gossip g = flat(line(2), {1, 2}, 10);
  g.profiles.profiles["second"] = {.flops_per_s = 1e12};
  g.topology = MeshConfig{.bandwidth = Bandwidth{12 * 8.0}, .latency = 0s, .device = "second"};
  EXPECT_NEAR(to_seconds(run(g).world.time), 20, 1e-6);  // 12 bytes take 1 s, after a step of 1 s
  g.config.algorithm = GossipKind::kDPsgd;
  EXPECT_NEAR(to_seconds(run(g).world.time), 10, 1e-6);
}

TEST(Gossip, NeverWaitsForNodesThatAreAway) {
  for (const Graph& graph : {line(7), ring(7), complete(7)}) {
    Gossip g = flat(graph, {1, 2, 3, 4, 5, 6, 7}, 50);
    g.config.availability = 0.5;
    g.config.mixing = Mixing::kMetropolis;
    g.lr = 0.1;
    const GossipEnd end = run(g);
    for (std::size_t i = 0; i < 7; ++i) {
      // Whoever is away keeps its model.
      for (int round = 2; round <= 50; ++round) {
        const auto now = static_cast<std::size_t>(round - 1);
        const bool same = end.models[now][i] == end.models[now - 1][i];
        ASSERT_EQ(same, !takes_part(g.config, 3, Rank{i}, round)) << i << " " << round;
      }
    }
  }
}

// Bowls without curvature, whose models only mix.
Gossip standing(const std::vector<double>& starts, int rounds, std::vector<GraphConfig> graphs) {
  Gossip g;
  g.graph = ring(static_cast<std::uint32_t>(starts.size()));
  for (const double start : starts) g.bowls.push_back({{0}, {0}, {start}});
  g.config.rounds = rounds;
  g.config.local_steps = 1;
  g.config.graphs = std::move(graphs);
  return g;
}

// W of each round is (I + P^(2^k)) / 2, with P the shift by one; the product of all d of them is the mean.
TEST(Graphs, OneExponentialPeerAveragesExactlyInAsManyRoundsAsDigits) {
  const std::vector<double> starts{1, -2, 5, 0.25, 7, 3, -4, 0.5};
  const auto models = run(standing(starts, 3, {OnePeerExponentialGraph{}})).models;
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(models[0][i][0], (starts[i] + starts[(i + 1) % 8]) / 2);
    EXPECT_EQ(models[1][i][0],
              (starts[i] + starts[(i + 1) % 8] + starts[(i + 2) % 8] + starts[(i + 3) % 8]) / 4);
    EXPECT_EQ(models[2][i][0], 10.75 / 8);
  }
}

// Not a power of two: the mean stays, but is not reached. d rounds weigh node i + j by the number of
// ways to write j as a sum of 1, 2 and 4 modulo 5 over 8: 2 for j = 0, 1 and 2, else 1.
TEST(Graphs, OneExponentialPeerKeepsTheMeanOfAnyNumberOfNodes) {
  const std::vector<double> starts{1, -2, 5, 0.25, 7};
  const auto models = run(standing(starts, 3, {OnePeerExponentialGraph{}})).models;
  double sum = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    double expected = 0;
    for (std::size_t j = 0; j < 5; ++j) expected += (j < 3 ? 2 : 1) * starts[(i + j) % 5] / 8;
    EXPECT_NEAR(models[2][i][0], expected, 1e-14);
    sum += models[2][i][0];
  }
  EXPECT_NEAR(sum, 11.25, 1e-14);
}

// Two pairs, then one across, then the topology's ring, then from the start: each its own W.
TEST(Graphs, TakeTurns) {
  const std::vector<double> x{8, 0, 4, -4};
  const auto models =
      run(standing(x, 4, {EdgesGraph{{"0-1", "2-3"}}, EdgesGraph{{"3>0"}}, TopologyGraph{}}))
          .models;
  const auto expect = [&](std::size_t round, const std::vector<double>& values) {
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(models[round][i][0], values[i], 1e-14) << round;
  };
  expect(0, {4, 4, 0, 0});
  expect(1, {2, 4, 0, 0});  // only 0 hears of 3
  expect(2, {2, 2, 4.0 / 3, 2.0 / 3});
  expect(3, {2, 2, 1, 1});
}

TEST(Graphs, NeverStallWhoeverIsAway) {
  Gossip g = standing({1, 2, 3, 4, 5, 6, 7}, 40, {OnePeerExponentialGraph{}, EdgesGraph{{"0>6"}}});
  g.config.availability = 0.5;
  const GossipEnd end = run(g);
  for (std::size_t i = 0; i < 7; ++i) EXPECT_FALSE(end.models[39][i].empty());
}

TEST(Graphs, SayWhatIsWrongWithEdges) {
  EXPECT_EQ(edges_problem({{"0-1", "1>2"}}, 3), std::nullopt);
  EXPECT_EQ(edges_problem({{"0-3"}}, 3),
            "the edge '0-3' has an end at a node that isn't there: there are 3, from 0 on");
  EXPECT_EQ(edges_problem({{"1>1"}}, 3), "the edge '1>1' leads from a node to itself");
  EXPECT_EQ(edges_problem({{"0-1", "1>0"}}, 3), "the edge '1>0' is there twice");
  for (const char* text : {"", "0", "0-", "-1", "0--1", "a-b", "0-1-2", "0.5-1"})
    EXPECT_TRUE(edges_problem({{text}}, 3)) << text;
}

TEST(Gossip, WeighsOnlyThosePresent) {
  const SharedList<std::vector<std::uint32_t>> star(Graph{{1, 2, 3}, {0}, {0}, {0}});
  const auto present = [](std::uint32_t j) { return j != 2; };
  const MixingWeights plain = mixing_weights(Mixing::kPlain, 0, star, present);
  EXPECT_DOUBLE_EQ(plain.own, 1.0 / 3);
  EXPECT_THAT(plain.of_neighbours, testing::ElementsAre(1.0 / 3, 0, 1.0 / 3));
  const MixingWeights metropolis = mixing_weights(Mixing::kMetropolis, 1, star, present);
  EXPECT_THAT(metropolis.of_neighbours, testing::ElementsAre(1.0 / 3));
  EXPECT_DOUBLE_EQ(metropolis.own, 2.0 / 3);
}

// Link 1-2 of a line is down for good: with a deadline both sides go on with whom they hear.
TEST(Gossip, WithADeadlineGoesOnWithoutWhoeverIsCutOff) {
  Gossip g = flat(line(4), {0, 4, 10, 20}, 3);
  g.topology = PathConfig{.nodes = 4,
                          .links = {LinkConfig{Bandwidth{1e9}}, LinkConfig{Bandwidth{1e-3}},
                                    LinkConfig{Bandwidth{1e9}}}};
  g.config.deadline = 1s;
  const auto models = run(g).models[2];
  // Each of the middle ones keeps the share, a third, of the neighbour that it misses.
  EXPECT_NEAR(models[1][0], (2 * 4 + 0) / 3.0, 1e-12);
  EXPECT_NEAR(models[2][0], (2 * 10 + 20) / 3.0, 1e-12);
}

TEST(Gossip, GivesTheSameBitsOnAnyNumberOfThreadsAndAfterResuming) {
  Gossip g;
  g.graph = ring(5);
  for (int i = 0; i < 5; ++i) g.bowls.push_back({{1.0 + i, 0.3}, {0.7 * i, 1.0 / (1 + i)}, {1, 2}});
  g.config = {.rounds = 25, .local_steps = 3, .availability = 0.8};
  std::vector<WorldSnapshot> snapshots;
  g.on_safe_point = [&](const WorldSnapshot& s) { snapshots.push_back(s); };
  const GossipEnd alone = run(g);
  ASSERT_EQ(snapshots.size(), 2u);  // after rounds 10 and 20
  ComputePool pool(3);
  g.pool = &pool;
  g.on_safe_point = nullptr;
  EXPECT_EQ(run(g).models, alone.models);
  g.resume = &snapshots[0];
  const GossipEnd resumed = run(g);
  EXPECT_EQ(resumed.models.back(), alone.models.back());
  EXPECT_EQ(resumed.world.time, alone.world.time);
}

}  // namespace
}  // namespace understudy
