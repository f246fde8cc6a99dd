// Strategies in rounds, from a scenario's text to its records.
#include <cmath>

#include "results/summary/curve.hpp"
#include "runtime/base/errors.hpp"
#include "tests/experiment/support.hpp"

namespace understudy {
namespace {

// Three clients of unlike parabolas.
std::string quadratic(const std::string& topology, const std::string& strategy) {
  return "topology: {kind: " + topology +
         ", bandwidth: 1Mbit/s, latency: 10ms, device: cpu}\n"
         "workload: {kind: quadratic, a: [1, 4, 2], b: [0, 3, -2], start: 5}\n"
         "strategy: {" +
         strategy + "}\n";
}
Unit unit_of(const std::string& yaml) { return run_all(experiment_of(yaml)).at(0); }

std::vector<double> values(const Unit& unit, std::size_t node, const std::string& metric) {
  std::vector<double> out;
  for (const Sample& s : unit.samples.at(node)) {
    if (s.name == metric) out.push_back(s.value);
  }
  return out;
}

TEST(FederatedQuadratic, RecordsTheServersXAndTheClients) {
  const Unit unit =
      unit_of(quadratic("star, nodes: 3",
                        "kind: federated, algorithm: ditto, lambda: 0.7, rounds: 200, "
                        "local_steps: 3, lr: 0.1"));
  EXPECT_EQ(unit.updates, 200);
  double above = 0, below = 0;
  const std::vector<double> a{1, 4, 2}, b{0, 3, -2};
  for (std::size_t i = 0; i < 3; ++i) {
    const double gone = 1 - std::pow(1 - 0.1 * a[i], 3);
    above += gone * b[i];
    below += gone;
  }
  const double x = above / below;
  ASSERT_EQ(values(unit, 3, "x").size(), 200u);
  EXPECT_NEAR(values(unit, 3, "x").back(), x, 1e-9);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(values(unit, i, "personal_x").back(), (a[i] * b[i] + 0.7 * x) / (a[i] + 0.7), 1e-9);
  EXPECT_FALSE(unit.weights_hash.empty());
}

// A head of 4 bytes and a value down, one of 24 and a value up.
TEST(FederatedQuadratic, SendsWhatItSays) {
  const Unit unit =
      unit_of(quadratic("star, nodes: 3", "kind: federated, rounds: 5, cohort: 2, local_steps: 1"));
  EXPECT_EQ(unit.nodes.at(3).bytes_sent, 5 * 2 * 12);
  std::int64_t up = 0;
  for (std::size_t i = 0; i < 3; ++i) up += unit.nodes.at(i).bytes_sent;
  EXPECT_EQ(up, 5 * 2 * 32);
}

TEST(GossipingQuadratic, RecordsEveryNodesX) {
  const Unit unit =
      unit_of(quadratic("ring, nodes: 3", "kind: gossip, rounds: 100, local_steps: 1, lr: 0.1"));
  // A ring of three is complete: gradient descent on the mean, to sum a b / sum a.
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(values(unit, i, "x").back(), 8.0 / 7, 1e-9);
  EXPECT_NEAR(values(unit, 0, "mean_x").back(), 8.0 / 7, 1e-9);
}

// Another network replays the same training: the same records but for times.
TEST(Federated, SharesWeightsOverNetworks) {
  for (const std::string strategy :
       {"kind: federated, algorithm: scaffold, rounds: 6, cohort: 2, local_steps: 2",
        "kind: gossip, rounds: 12, local_steps: 2, availability: 70%",
        "kind: federated, rounds: 6, local_steps: 2, upload: {kind: quantised, bits: 4}",
        "kind: federated, rounds: 9, local_steps: 2, availability: {kind: bernoulli, probability: "
        "40%}"}) {
    const Experiment experiment = experiment_of(quadratic("star, nodes: 3", strategy) +
                                                "sweep: {network.kind: [fair_share, ideal]}\n");
    const std::vector<Unit> units = run_all(experiment);
    ASSERT_EQ(units.size(), 2u);
    EXPECT_TRUE(units[1].weights_of.has_value());
    ExperimentOptions anew;
    anew.retrain = true;
    const std::vector<Unit> retrained = run_all(experiment, anew);
    EXPECT_EQ(records_without_wall_time({units[1]}), records_without_wall_time({retrained[1]}));
    EXPECT_EQ(units[1].time, retrained[1].time);
  }
}

TEST(Federated, GivesTheSameRecordsWithAnyNumberOfJobs) {
  const Experiment experiment = experiment_of(
      quadratic("star, nodes: 3",
                "kind: federated, algorithm: superfed_mm, rounds: 8, cohort: 2, local_steps: 3"));
  ExperimentOptions many;
  many.jobs = 3;
  EXPECT_EQ(records_without_wall_time(run_all(experiment)),
            records_without_wall_time(run_all(experiment, many)));
}

// Quicker devices answer sooner: the two of the fast class in 3 s, those of the slow one not at all.
TEST(Federated, HasClientsOfSeveralDevices) {
  const Unit unit = unit_of(
      "topology: {kind: star, nodes: 4, device: ideal, classes: [{share: 1}, {share: 1, device: "
      "slow}]}\n"
      "devices: {profiles: {slow: {compute: 1flop/s}}}\n"
      "workload: {kind: quadratic}\n"
      "strategy: {kind: federated, rounds: 1, local_steps: 1, deadline: 3s}\n");
  EXPECT_EQ(values(unit, 4, "answers"), std::vector<double>{2});
}

TEST(Federated, WithADeadlineTrainsEveryRun) {
  const Experiment experiment = experiment_of(
      quadratic("star, nodes: 3", "kind: federated, rounds: 3, local_steps: 1, deadline: 1s") +
      "sweep: {network.kind: [fair_share, ideal]}\n");
  for (const Unit& unit : run_all(experiment)) EXPECT_FALSE(unit.weights_of.has_value());
}

TEST(Federated, RefusesAPersonalLayerWhereThereIsOne) {
  try {
    unit_of(quadratic("star, nodes: 3", "kind: federated, algorithm: fedper, local_steps: 1"));
    FAIL();
  } catch (const ScenarioError& problem) {
    EXPECT_STREQ(
        problem.what(),
        "strategy.personal_layers: of a model of 1 layers 1 can't be each client's own and "
        "leave one to share");
  }
}

}  // namespace
}  // namespace understudy
