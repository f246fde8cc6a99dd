// A loss of accuracy taken apart: which runs take part, how they are paired, and that the parts add
// up.
#include "results/summary/decomposition.hpp"

#include <cmath>
#include <limits>
#include <set>

#include "tests/summary/study.hpp"

namespace understudy {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kTolerance = 1e-12;

std::optional<Decomposition> decomposed(const Experiment& experiment,
                                        const std::vector<Unit>& units) {
  return decompose(experiment, summarise(experiment, units), units);
}
std::optional<Decomposition> decomposed(const std::vector<Ran>& runs) {
  const Experiment experiment = experiment_of(kStudy);
  return decomposed(experiment, units_of(experiment, runs));
}

std::vector<Ran> without(const std::set<std::size_t>& missing) {
  std::vector<Ran> runs = kAllRuns;
  std::erase_if(runs, [&](const Ran& ran) { return missing.contains(ran.run); });
  return runs;
}

// By hand from kAllRuns, repeat by repeat: 0.01 and 0.01, 0.02 and 0.02, 0.04 and 0.02, 0.01 and
// 0.01 are together 0.08 and 0.06. Of 0.04 and 0.02 the mean has the standard error 0.01, of which
// t = 12.706 makes the interval.
TEST(Decomposition, PartsAreDifferencesOfPairedRepeats) {
  const auto d = decomposed(kAllRuns);
  ASSERT_TRUE(d);
  EXPECT_EQ(d->workers, 4);
  EXPECT_EQ(d->updates, 20);
  EXPECT_FALSE(d->on_gpus);
  EXPECT_NEAR(d->one.mean, 0.97, kTolerance);
  EXPECT_NEAR(d->many.mean, 0.90, kTolerance);
  EXPECT_NEAR(d->loss.mean, 0.07, kTolerance);
  EXPECT_NEAR(d->loss.half_width, 0.12706, 1e-5);
  EXPECT_NEAR(d->batch.value().mean, 0.01, kTolerance);
  EXPECT_NEAR(d->batch.value().half_width, 0, kTolerance);
  EXPECT_NEAR(d->updates_lost.value().mean, 0.02, kTolerance);
  EXPECT_NEAR(d->learning_rate.value().mean, 0.03, kTolerance);
  EXPECT_NEAR(d->learning_rate.value().half_width, 0.12706, 1e-5);
  EXPECT_NEAR(d->communication.value().mean, 0.01, kTolerance);
  EXPECT_NEAR(d->split_batch.value().mean, 0.01, kTolerance);  // (0.02 + 0) / 2
  EXPECT_FALSE(d->updates_and_rate);
  EXPECT_FALSE(d->batch_and_updates);
  EXPECT_FALSE(d->same_weights);
}

double sum_of_parts(const Decomposition& d) {
  double sum = 0;
  for (const auto& part : {d.batch, d.updates_lost, d.learning_rate, d.communication,
                           d.updates_and_rate, d.batch_and_updates})
    sum += part ? part->mean : 0;
  return sum;
}

TEST(Decomposition, PartsAddUpToTheLossWhateverIsMissing) {
  for (const std::size_t variant : {kSplitBatch, kEqualUpdates, kScaledRate}) {
    for (const std::size_t other : {kSplitBatch, kInOneMachine}) {
      const auto d = decomposed(without({variant, other}));
      ASSERT_TRUE(d);
      EXPECT_NEAR(sum_of_parts(*d), 0.07, kTolerance) << variant << ' ' << other;
    }
  }
}

// 0.95 - 0.89 and 0.97 - 0.93.
TEST(Decomposition, WithoutAScaledRateUpdatesAndRateAreOnePart) {
  const auto d = decomposed(without({kScaledRate}));
  ASSERT_TRUE(d);
  EXPECT_NEAR(d->updates_and_rate.value().mean, 0.05, kTolerance);
  EXPECT_TRUE(d->batch);
  EXPECT_FALSE(d->updates_lost);
  EXPECT_FALSE(d->learning_rate);
}

// 0.96 - 0.93 and 0.98 - 0.95.
TEST(Decomposition, WithoutEqualUpdatesBatchAndUpdatesAreOnePart) {
  const auto d = decomposed(without({kEqualUpdates}));
  ASSERT_TRUE(d);
  EXPECT_NEAR(d->batch_and_updates.value().mean, 0.03, kTolerance);
  EXPECT_TRUE(d->learning_rate);
  EXPECT_FALSE(d->batch);
  EXPECT_FALSE(d->updates_lost);
}

TEST(Decomposition, WithOneAndManyAloneThereIsOnlyALoss) {
  const auto d = decomposed({kAllRuns[0], kAllRuns[2]});
  ASSERT_TRUE(d);
  EXPECT_NEAR(d->loss.mean, 0.07, kTolerance);
  EXPECT_EQ(sum_of_parts(*d), 0);
  EXPECT_FALSE(d->communication);
  EXPECT_FALSE(d->split_batch);
}

// In one machine alone there is no network to blame: that run is the one as published.
TEST(Decomposition, FourWorkersInOneMachineWillDo) {
  const auto d = decomposed(without({kMany}));
  ASSERT_TRUE(d);
  EXPECT_NEAR(d->many.mean, 0.91, kTolerance);
  EXPECT_FALSE(d->communication);
  EXPECT_NEAR(sum_of_parts(*d), 0.06, kTolerance);  // 0.97 - 0.91
}

TEST(Decomposition, NeedsOneWorkerAndMany) {
  EXPECT_FALSE(decomposed(without({kOne})));
  EXPECT_FALSE(decomposed(without({kMany, kInOneMachine})));
  EXPECT_FALSE(decomposed(std::vector<Ran>{}));
}

TEST(Decomposition, TakesTheRepeatsThatAllHave) {
  std::vector<Ran> runs = kAllRuns;
  runs[0].accuracies = {0.96, 0.98, 0.99};
  runs[3].accuracies = {kNaN, 0.97};  // equal updates
  const auto d = decomposed(runs);
  ASSERT_TRUE(d);
  EXPECT_NEAR(d->one.mean, 0.98, kTolerance);
  EXPECT_NEAR(d->loss.mean, 0.06, kTolerance);
  EXPECT_TRUE(std::isnan(d->loss.half_width));
  EXPECT_NEAR(sum_of_parts(*d), 0.06, kTolerance);
  runs[2].accuracies = {0.88, kNaN};
  EXPECT_FALSE(decomposed(runs));
}

// Runs on one machine stand in for those on four, which are preferred.
TEST(Decomposition, VariantsOnAsManyMachinesAreCompared) {
  std::vector<Ran> runs = without({kEqualUpdates, kScaledRate});
  runs.push_back({kEqualUpdates - 2, {0.5, 0.5}, 80});
  runs.push_back({kScaledRate - 2, {0.25, 0.25}});
  EXPECT_NEAR(decomposed(runs).value().updates_lost.value().mean, 0.25, kTolerance);
  runs.push_back({kEqualUpdates, {0.75, 0.75}, 80});
  EXPECT_NEAR(decomposed(runs).value().updates_lost.value().mean, 0.5, kTolerance);
}

// 79 updates are not as many as one worker's 80.
TEST(Decomposition, EqualUpdatesAreCounted) {
  std::vector<Ran> runs = kAllRuns;
  runs[3].updates = 79;
  const auto d = decomposed(runs);
  ASSERT_TRUE(d);
  EXPECT_FALSE(d->batch);
  EXPECT_TRUE(d->batch_and_updates);
}

TEST(Decomposition, WeightsAreTheSameWhereEveryRepeatsHashIs) {
  const Experiment experiment = experiment_of(kStudy);
  std::vector<Unit> units = units_of(experiment, {{kOne, {0.9, 0.9}, 80, "one"},
                                                  {kInOneMachine, {0.8, 0.8}, 20, "four"},
                                                  {kMany, {0.8, 0.8}, 20, "four"}});
  EXPECT_TRUE(decomposed(experiment, units).value().same_weights);
  units.back().weights_hash = "other";
  EXPECT_FALSE(decomposed(experiment, units).value().same_weights);
}

// Half-way between 0.5 after 10 updates and 0.75 after 30; and 0.25 in the other repeat.
TEST(Decomposition, ReadsOneWorkersCurveAtTheSameUpdates) {
  const Experiment experiment = experiment_of(kStudy);
  std::vector<Unit> units =
      units_of(experiment, {{kOne, {0.96, 0.98}, 80}, {kMany, {0.88, 0.92}, 20}});
  EXPECT_FALSE(decomposed(experiment, units).value().curve);  // from the end alone
  for (const auto& [step, value] : {std::pair{10, 0.5}, std::pair{30, 0.75}})
    units[0].samples[0].push_back(sample("test_accuracy", value, step));
  units[1].samples[0].push_back(sample("test_accuracy", 0.25, 20));
  for (std::size_t i = 0; i < 2; ++i)
    std::swap(units[i].samples[0].front(), units[i].samples[0].back());
  EXPECT_NEAR(decomposed(experiment, units).value().curve.value().mean, 0.4375, kTolerance);
}

std::optional<Decomposition> of_sweep(const std::string& yaml, const std::vector<Ran>& runs) {
  const Experiment experiment = experiment_of(yaml);
  return decomposed(experiment, units_of(experiment, runs));
}

TEST(Decomposition, FourWorkersAreChosenElseTheMost) {
  const std::string yaml = R"(
topology: {kind: cluster, device: rtx3080}
workload: {kind: image_classifier, model: lenet}
sweep: {topology.machines: [1, 2, 4, 8]}
)";
  const auto d = of_sweep(yaml, {{0, {0.9}}, {1, {0.8}}, {2, {0.7}}, {3, {0.6}}});
  EXPECT_EQ(d.value().workers, 4);
  EXPECT_TRUE(d.value().on_gpus);
  EXPECT_EQ(of_sweep(yaml, {{0, {0.9}}, {1, {0.8}}, {3, {0.6}}}).value().workers, 8);
}

// As many machines on two networks: what the second costs over the first is communication.
TEST(Decomposition, NetworksOfTheSameMachinesAreCompared) {
  const auto d = of_sweep(R"(
topology: {kind: cluster}
workload: {kind: image_classifier, model: lenet}
sweep: {network.kind: [ideal, queued, fair_share], topology.machines: [1, 4]}
)",
                          {{0, {0.9}}, {1, {0.8}}, {3, {0.6}}, {5, {0.75}}});
  EXPECT_NEAR(d.value().many.mean, 0.75, kTolerance);
  EXPECT_NEAR(d.value().communication.value().mean, 0.05, kTolerance);
}

// Of the same length in updates, only the global batch is larger: all of the loss is its.
TEST(Decomposition, ALengthInUpdatesLeavesTheBatchToBlame) {
  const auto d = of_sweep(R"(
topology: {kind: cluster}
workload: {kind: image_classifier, model: lenet, updates: 20}
sweep: {topology.machines: [1, 4]}
)",
                          {{0, {0.9}}, {1, {0.7}}});
  EXPECT_NEAR(d.value().batch.value().mean, 0.2, kTolerance);
  EXPECT_NEAR(d.value().updates_and_rate.value().mean, 0, kTolerance);
}

TEST(Decomposition, OnlyRunsThatTrainTheSameAreCompared) {
  const std::string yaml = R"(
topology: {kind: cluster}
workload: {kind: image_classifier, model: lenet}
)";
  const std::vector<Ran> both{{0, {0.9}}, {1, {0.7}}};
  EXPECT_TRUE(of_sweep(yaml + "sweep: {topology.machines: [1, 4]}\n", both));
  for (const char* other : {"seed: 9", "workload.batch: 8", "workload.model: cnn"}) {
    EXPECT_FALSE(of_sweep(
        yaml + "sweep: [{topology.machines: 1}, {topology.machines: 4, " + other + "}]\n", both))
        << other;
  }
  EXPECT_TRUE(of_sweep(yaml + "sweep: [{topology.machines: 1}, {topology.machines: 4, "
                              "workload.evaluate_every: 7}]\n",
                       both));
}

TEST(Decomposition, IsOfClassifiersOnly) {
  const std::vector<Ran> both{{0, {0.9}}, {1, {0.7}}};
  EXPECT_FALSE(of_sweep("workload: {kind: quadratic}\nsweep: {topology.machines: [1, 4]}\n", both));
}

// On as many machines every time, the networks are compared: the first that the sweep names with the
// last.
TEST(Decomposition, ComparesNetworksWhereTheMachinesAreTheSame) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: cluster}
workload: {kind: image_classifier}
sweep:
  network: [{kind: ideal}, {kind: queued}, {kind: fair_share}]
  topology.machines: [1, 4]
)");
  const std::vector<Unit> units =
      units_of(experiment, {{0, {0.9}, 80}, {1, {0.8}}, {3, {0.75}}, {5, {0.7}}});
  const auto d = decompose(experiment, summarise(experiment, units), units);
  ASSERT_TRUE(d && d->communication);
  EXPECT_NEAR(d->loss.mean, 0.2, 1e-12);
  EXPECT_NEAR(d->communication->mean, 0.1, 1e-12);
}

}  // namespace
}  // namespace understudy
