// Whether the node that aggregates is used less than the others; and which answers a report gives.
#include "results/summary/aggregation.hpp"

#include "results/summary/answers.hpp"
#include "tests/summary/units.hpp"

namespace understudy {
namespace {

const std::string kMachines = R"(
topology: {kind: cluster, device: rtx3090}
workload: {kind: image_classifier, model: lenet}
strategy: {kind: allreduce, collective: parameter_server, server: rank0}
sweep: {topology.machines: [1, 2, 4]}
)";

// Of 10 s rank 0 computes for 4 s and adds up for 2 s, the others compute for 6, 5 and 7 s.
Unit four_machines(const Experiment& experiment, UnitKey key = {2, 0}) {
  Unit unit = trained_unit(experiment, key, {.time_s = 10});
  const double compute_s[] = {4, 6, 5, 7};
  for (std::size_t rank = 0; rank < unit.nodes.size(); ++rank)
    set_busy(unit.nodes[rank], Phase::kForward, compute_s[rank]);
  set_busy(unit.nodes[0], Phase::kReduce, 2);
  return unit;
}
std::optional<AggregationUse> use_of(const Experiment& experiment, const std::vector<Unit>& units) {
  return aggregation_use(experiment, summarise(experiment, units), units);
}

TEST(AggregationUse, IsOfTheLargestRun) {
  const Experiment experiment = experiment_of(kMachines);
  const auto use =
      use_of(experiment, {trained_unit(experiment, {0, 0}, {}),
                          trained_unit(experiment, {1, 0}, {}), four_machines(experiment)});
  ASSERT_TRUE(use);
  EXPECT_EQ(use->workers, 4);
  EXPECT_NEAR(use->server.mean, 0.4, 1e-12);
  EXPECT_NEAR(use->others.mean, 0.6, 1e-12);  // (6 + 5 + 7) / 3 of 10 s
  EXPECT_NEAR(use->summing.mean, 0.2, 1e-12);
}

TEST(AggregationUse, NeedsRank0AsTheServerOfOthers) {
  const Experiment alone = experiment_of(kMachines, {"topology.machines=1"});
  EXPECT_FALSE(use_of(alone, {trained_unit(alone, {0, 0}, {})}));
  const Experiment ring = experiment_of(kMachines, {"strategy.collective=ring"});
  EXPECT_FALSE(use_of(ring, {four_machines(ring)}));
  const Experiment served =
      experiment_of(kMachines, {"strategy.server=dedicated", "topology.server=true"});
  EXPECT_FALSE(use_of(served, {trained_unit(served, {2, 0}, {})}));
  EXPECT_FALSE(use_of(experiment_of(kMachines), {}));
}

AggregationUse use(double server, double others) {
  return {4, {server, 0, 2}, {others, 0, 2}, {0.025, 0, 2}};
}

TEST(AggregationUse, InWords) {
  EXPECT_EQ(
      sentence(use(0.4, 0.6)),
      "Of 4 workers, rank 0, which aggregates, computes for 40.0 % of the time and the others "
      "for 60.0 %: it is used less; adding gradients up takes it another 2.5 %, which they "
      "spend waiting.");
}

// A hundredth of what the others do is no difference.
TEST(AggregationUse, IsJudged) {
  const auto verdict = [](double server, double others) {
    const std::string text = sentence(use(server, others));
    const std::size_t begin = text.find(": ") + 2;
    return text.substr(begin, text.find(';') - begin);
  };
  EXPECT_EQ(verdict(0.595, 0.6), "it is used as much as they are");
  EXPECT_EQ(verdict(0.605, 0.6), "it is used as much as they are");
  EXPECT_EQ(verdict(0.59, 0.6), "it is used less");
  EXPECT_EQ(verdict(0.61, 0.6), "it is used more");
  EXPECT_EQ(verdict(0, 0), "it is used as much as they are");
}

TEST(Answers, AreThoseThatTheRunsAllow) {
  const Experiment experiment = experiment_of(kMachines);
  EXPECT_TRUE(answers(experiment, summarise(experiment, {}), {}).empty());
  std::vector<Unit> units{four_machines(experiment)};
  EXPECT_THAT(answers(experiment, summarise(experiment, units), units),
              testing::ElementsAre(testing::StartsWith("Of 4 workers, rank 0")));
  units.push_back(trained_unit(experiment, {0, 0}, {}));
  EXPECT_THAT(answers(experiment, summarise(experiment, units), units),
              testing::ElementsAre(testing::StartsWith("Of 4 workers, rank 0"),
                                   testing::StartsWith("From 1 to 4 GPUs")));
}

}  // namespace
}  // namespace understudy
