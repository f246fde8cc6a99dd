// Networks under change in whole runs: scenarios with traces, faults and traffic of others go
// through the world, its gate and its errors; they never go on from a safe point, and notice when a
// file has changed.
#include <filesystem>

#include "results/experiment/check_units.hpp"
#include "runtime/base/errors.hpp"
#include "scenarios/scenario_yaml.hpp"
#include "tests/experiment/support.hpp"

namespace understudy {
namespace {

// A link of 1 MB/s; 3 MB from node 0 to node 1.
const std::string kTraffic = R"(
topology: {kind: path, nodes: 2, links: [{bandwidth: 8Mbit/s, latency: 0s}]}
workload: {kind: traffic, flows: [{from: 0, to: 1, bytes: 3MB}]}
)";
const std::string kCollective = R"(
topology: {kind: cluster, machines: 3}
workload: {kind: collective, bytes: 1MB, iterations: 4}
network:
  kind: fair_share
  background: [{kind: poisson, from: machine0, to: machine1, flows_per_s: 500, size: 100kB}]
faults: [{kind: churn, nodes: machine2, on: {kind: exponential, mean: 20ms}, off: {kind: exponential, mean: 5ms}}]
)";

double finish_s(const Unit& unit) {
  for (const Sample& sample : unit.samples[1]) {
    if (sample.name == "finish_s") return sample.value;
  }
  return -1;
}

// A scenario and a trace that lie in one folder.
class WithTrace : public testing::Test {
 protected:
  Experiment experiment(const std::string& rows, const std::string& rest = "") {
    write_file(folder_ / "rates.csv", "time_s,rate_bit_s\n" + rows);
    write_file(
        folder_ / "test.yaml",
        kTraffic + "network: {kind: fair_share, traces: [{kind: csv, file: rates.csv}]}\n" + rest);
    return load_experiment((folder_ / "test.yaml").string(), {});
  }
  TemporaryFolder folder_;
};

// 1 MB by 1 s; a second cut off; then half the rate.
TEST_F(WithTrace, ARunFeelsTracesAndFaults) {
  const auto units =
      run_all(experiment("0,8e6\n2,4e6\n",
                         "faults: [{kind: partition, vertices: [node1], at: 1s, for: 1s}]\n"
                         "sweep: {network.kind: [ideal, queued, fair_share]}\n"));
  ASSERT_EQ(units.size(), 3u);
  for (const Unit& unit : units) {
    EXPECT_NEAR(finish_s(unit), 6, 1e-9);
    EXPECT_NEAR(to_seconds(unit.time), 6, 1e-9);
  }
}

TEST_F(WithTrace, AnotherTraceIsAnotherScenario) {
  const std::string before = hash_of(experiment("0,8e6\n").runs[0].scenario);
  EXPECT_EQ(hash_of(experiment("0,8e6\n").runs[0].scenario), before);
  EXPECT_NE(hash_of(experiment("0,9e6\n").runs[0].scenario), before);
  EXPECT_EQ(files_of(experiment("0,8e6\n").runs[0].scenario),
            std::vector{(folder_ / "rates.csv").string()});

  const RunDirectory directory = RunDirectory::create(folder_ / "run");
  const Experiment experiment_before = experiment("0,8e6\n");
  run_experiment(experiment_before, directory, {});
  EXPECT_NO_THROW(run_experiment(experiment_before, directory, {}));
  EXPECT_THROW(run_experiment(experiment("0,9e6\n"), directory, {}), DataError);
}

TEST_F(WithTrace, AMissingFileIsNamed) {
  const Experiment loaded = experiment("0,8e6\n");
  std::filesystem::remove(folder_ / "rates.csv");
  EXPECT_THAT(data_error([&] { hash_of(loaded.runs[0].scenario); }),
              testing::HasSubstr("rates.csv: can't be read"));
}

TEST(DynamicRuns, ScenariosWithoutFilesKeepTheirHash) {
  EXPECT_TRUE(files_of(experiment_of(kTraffic).runs[0].scenario).empty());
}

// A quarter of the link is others'. At the end links have carried what they did by then, others'
// traffic included.
TEST(DynamicRuns, LinksAreCountedUpToTheEnd) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: path, nodes: 2, links: [{bandwidth: 8Mbit/s, latency: 0s}]}
workload: {kind: traffic, flows: [{from: 0, to: 1, bytes: 3MB}, {from: 0, to: 1, bytes: 0B, start: 8s}]}
network:
  kind: fair_share
  background: [{kind: constant, from: node0, to: node1, rate: 2Mbit/s, message: 62500B}]
)",
                                              {"workload.flows[1].bytes=1B"});
  const Unit unit = run_all(experiment).at(0);
  EXPECT_NEAR(finish_s(unit), 4, 1e-9);
  // At 8 s, 32 messages have ended and the next one has begun.
  EXPECT_EQ(unit.links[0].bytes, 3'000'000 + 1 + 32 * 62'500);
  EXPECT_EQ(unit.links[1].bytes, 0);
}

TEST(DynamicRuns, TheGateOpensBesideTrafficOfOthers) {
  const Experiment experiment = experiment_of(kCollective);
  const Unit unit = run_all(experiment).at(0);
  int iterations = 0;
  for (const Sample& sample : unit.samples[0])
    iterations += sample.name == "collective_time_s" ? 1 : 0;
  EXPECT_EQ(iterations, 4);
  EXPECT_EQ(records_without_wall_time(run_all(experiment)), records_without_wall_time({unit}));
  EXPECT_NE(records_without_wall_time(run_all(experiment_of(kCollective, {"seed=2"}))),
            records_without_wall_time({unit}));
}

// Nobody would ever know that the message is lost.
TEST(DynamicRuns, WhatWaitsForALostMessageIsADeadlock) {
  const Experiment experiment = experiment_of(
      kTraffic +
      "faults: [{kind: link_outage, at: 1s, links: 'node0<->node1'}, {kind: churn, nodes: node1}]\n"
      "network: {kind: queued, background: [{kind: constant, from: node1, to: node0}]}\n");
  try {
    run_all(experiment);
    FAIL();
  } catch (const TransportError& problem) {
    EXPECT_THAT(
        problem.what(),
        testing::StartsWith("rank 1 waits for a message from rank 0 that the network lost"));
  }
}

// A checkpoint holds neither others' flows nor draws: the repeat starts anew.
TEST(DynamicRuns, AnInterruptedRunStartsItsRepeatAnew) {
  const Experiment experiment = experiment_of(kCollective);
  UnitTask task;
  task.scenario = &experiment.runs[0].scenario;
  const Unit whole = run_unit(task);
  int safe_points = 0;
  task.on_safe_point = [&](const WorldSnapshot&) { ++safe_points; };
  EXPECT_EQ(records_without_wall_time({run_unit(task)}), records_without_wall_time({whole}));
  EXPECT_EQ(safe_points, 0);

  // What an older run might have left.
  WorldSnapshot left;
  left.time = kStart + Duration{1};
  left.states.resize(3);
  left.samples.resize(3);
  left.nodes.resize(3);
  left.links.resize(6);
  const TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  directory.save_checkpoint({0, 0}, left);
  const auto resumed = run_experiment(experiment, directory, {}).units;
  EXPECT_EQ(records_without_wall_time(resumed), records_without_wall_time({whole}));
  EXPECT_EQ(resumed.at(0).time, whole.time);
  for (std::size_t link = 0; link < whole.links.size(); ++link)
    EXPECT_EQ(resumed.at(0).links[link].bytes, whole.links[link].bytes);
}

TEST(DynamicRuns, AnInterruptedExperimentGoesOnToTheSameNumbers) {
  const Experiment experiment = experiment_of(kCollective + "repeats: 2\n");
  const TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  std::atomic<bool> interrupt = false;
  ExperimentOptions options;
  options.interrupt = &interrupt;
  options.on_finished = [&](const Unit&) { interrupt = true; };
  run_experiment(experiment, directory, options);
  const auto resumed = run_experiment(experiment, directory, {}).units;
  EXPECT_EQ(records_without_wall_time(resumed), records_without_wall_time(run_all(experiment)));
}

TEST(DynamicRuns, OnlyNetworksWithStateStartAnew) {
  const auto state = [](const std::string& network) {
    const Experiment experiment = experiment_of(kTraffic + network);
    const Scenario& scenario = experiment.runs[0].scenario;
    return has_state(scenario.network, scenario.faults);
  };
  EXPECT_FALSE(state(""));
  EXPECT_FALSE(state("network: {kind: queued, packet: {payload: 1448B, overhead: 90B}}\n"));
  EXPECT_TRUE(state("network: {kind: queued, token_buckets: [{rate: 1Mbit/s}]}\n"));
  EXPECT_TRUE(state("network: {kind: ideal, impairments: [{duplicate: 1%}]}\n"));
  EXPECT_TRUE(state("faults: [{kind: churn}]\n"));
}

}  // namespace
}  // namespace understudy
