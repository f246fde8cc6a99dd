// What tables and charts call the runs of a sweep, and how they compare with one worker.
#include "tests/summary/units.hpp"

namespace understudy {
namespace {

using Names = std::vector<std::string>;

std::vector<RunSummary> runs_of(const std::string& topology, const std::string& sweep) {
  return summarise(experiment_of("topology: " + topology + "\nworkload: {kind: quadratic}\n" +
                                 (sweep.empty() ? "" : "sweep: " + sweep + "\n")),
                   {})
      .runs;
}
Names all(const std::vector<RunSummary>& runs, std::string RunSummary::*name) {
  Names names;
  for (const RunSummary& run : runs) names.push_back(run.*name);
  return names;
}

TEST(RunNames, OneRunNeedsNone) {
  EXPECT_EQ(all(runs_of("{kind: ring, nodes: 4}", ""), &RunSummary::label), Names{""});
}

TEST(RunNames, ValuesNameARun) {
  const auto runs = runs_of("{kind: ring, nodes: 4}", "{workload.updates: [5, 10]}");
  EXPECT_EQ(all(runs, &RunSummary::label), (Names{"updates 5", "updates 10"}));
  EXPECT_EQ(all(runs, &RunSummary::series), (Names{"updates 5", "updates 10"}));
}

TEST(RunNames, SizesMakeOneSeries) {
  const auto runs = runs_of("{kind: cluster}", "{topology.machines: [1, 2]}");
  EXPECT_EQ(all(runs, &RunSummary::label), (Names{"1 worker, 1 machine", "2 workers, 2 machines"}));
  EXPECT_EQ(all(runs, &RunSummary::series), (Names{"", ""}));
}

TEST(RunNames, AGroupsNameComesFirst) {
  const auto runs = runs_of("{kind: cluster, device: rtx3080}",
                            "{shape: [{name: near, topology.devices_per_machine: [1, 2]}, "
                            "{name: far, topology.machines: 2}]}");
  EXPECT_EQ(
      all(runs, &RunSummary::label),
      (Names{"near, 1 GPU, 1 machine", "near, 2 GPUs, 1 machine", "far, 2 GPUs, 2 machines"}));
  EXPECT_EQ(all(runs, &RunSummary::series), (Names{"near", "near", "far"}));
}

// Two runs have two workers, so that one line through all of them would go back and forth.
TEST(RunNames, MachinesTellLinesApart) {
  const auto runs = runs_of("{kind: cluster}",
                            "{topology.machines: [1, 2], topology.devices_per_machine: [1, 2]}");
  EXPECT_EQ(all(runs, &RunSummary::series),
            (Names{"1 machine", "1 machine", "2 machines", "2 machines"}));
}

const std::string kClassifier = R"(
topology: {kind: cluster}
workload: {kind: image_classifier, model: lenet}
)";

// Run i's epoch takes epochs_s[i] seconds; 0 leaves the run out.
std::vector<std::optional<double>> speed_ups(const std::string& sweep,
                                             const std::vector<double>& epochs_s) {
  const Experiment experiment = experiment_of(kClassifier + "sweep: " + sweep + "\n");
  std::vector<Unit> units;
  for (std::size_t run = 0; run < epochs_s.size(); ++run) {
    if (epochs_s[run] > 0)
      units.push_back(trained_unit(experiment, {run, 0}, {.time_s = epochs_s[run]}));
  }
  std::vector<std::optional<double>> out;
  for (const RunSummary& run : summarise(experiment, units).runs) out.push_back(run.speed_up);
  return out;
}
using SpeedUps = std::vector<std::optional<double>>;

TEST(SpeedUp, IsOneWorkersEpochOverTheRuns) {
  EXPECT_EQ(speed_ups("{topology.machines: [1, 2, 4]}", {8, 5, 2}), (SpeedUps{1.0, 1.6, 4.0}));
  EXPECT_EQ(speed_ups("{topology.machines: [2, 1]}", {5, 8}), (SpeedUps{1.6, 1.0}));
}

TEST(SpeedUp, NeedsARunOfOneWorkerThatHasFinished) {
  EXPECT_EQ(speed_ups("{topology.machines: [2, 4]}", {5, 2}),
            (SpeedUps{std::nullopt, std::nullopt}));
  EXPECT_EQ(speed_ups("{topology.machines: [1, 2]}", {0, 2}),
            (SpeedUps{std::nullopt, std::nullopt}));
  EXPECT_EQ(speed_ups("{topology.machines: [1, 2]}", {4, 0}), (SpeedUps{1.0, std::nullopt}));
}

// One worker's epoch depends on the batch, not on the network, the length or how batches are split.
TEST(SpeedUp, ComparesWithTheRunThatTrainsTheSame) {
  EXPECT_EQ(speed_ups("{workload.batch: [32, 64], topology.machines: [1, 2]}", {8, 4, 6, 4}),
            (SpeedUps{1.0, 2.0, 1.0, 1.5}));
  EXPECT_EQ(speed_ups("[{seed: 1}, {topology.machines: 2, network.kind: ideal, workload.updates: 5,"
                      " workload.batch_scope: global}, {topology.machines: 2, seed: 2}]",
                      {8, 4, 4}),
            (SpeedUps{1.0, 2.0, std::nullopt}));
}

}  // namespace
}  // namespace understudy
