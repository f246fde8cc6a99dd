// What a summary makes of units: means over workers, the critical path, epochs, names of runs.
#include "tests/summary/units.hpp"

namespace understudy {
namespace {

// A hub that serves two workers.
const std::string kServed = R"(
topology: {kind: star, nodes: 2}
workload: {kind: image_classifier, model: lenet}
strategy: {kind: allreduce, collective: parameter_server, server: dedicated}
)";

// Of 10 s, worker 0 computes 4 s and adds gradients for 2 s, worker 1 computes 6 s, the hub 8 s.
Unit served_unit(const Experiment& experiment) {
  Unit unit = trained_unit(experiment, {0, 0}, {.time_s = 10});
  set_busy(unit.nodes[0], Phase::kForward, 3);
  set_busy(unit.nodes[0], Phase::kBackward, 1);
  set_busy(unit.nodes[0], Phase::kReduce, 2);
  set_busy(unit.nodes[1], Phase::kLoad, 1);
  set_busy(unit.nodes[1], Phase::kEvaluate, 5);
  set_busy(unit.nodes[2], Phase::kUpdate, 8);
  const double communication[] = {5, 3, 9}, exposed[] = {1, 2, 9};
  const std::int64_t bytes[] = {100, 200, 1000}, messages[] = {3, 4, 10};
  for (std::size_t rank = 0; rank < 3; ++rank) {
    unit.nodes[rank].communication = from_seconds(communication[rank]);
    unit.nodes[rank].exposed = from_seconds(exposed[rank]);
    unit.nodes[rank].bytes_sent = bytes[rank];
    unit.nodes[rank].messages = messages[rank];
  }
  return unit;
}

TEST(Summary, TimesAreMeansOverTheWorkers) {
  const Experiment experiment = experiment_of(kServed);
  const Summary summary = summarise(experiment, std::vector{served_unit(experiment)});
  const RepeatSummary& repeat = summary.runs.at(0).repeats.at(0);
  EXPECT_DOUBLE_EQ(repeat.compute_s, 5);                  // (4 + 6) / 2
  EXPECT_DOUBLE_EQ(repeat.communication_s, 4);            // (5 + 3) / 2
  EXPECT_DOUBLE_EQ(repeat.exposed_communication_s, 1.5);  // (1 + 2) / 2
}

TEST(Summary, PhasesAreMeansOverTheWorkers) {
  const Experiment experiment = experiment_of(kServed);
  const Summary summary = summarise(experiment, std::vector{served_unit(experiment)});
  const auto& phases = summary.runs.at(0).repeats.at(0).phases_s;
  EXPECT_DOUBLE_EQ(phases.at("forward"), 1.5);   // (3 + 0) / 2
  EXPECT_DOUBLE_EQ(phases.at("reduce"), 1);      // (2 + 0) / 2
  EXPECT_DOUBLE_EQ(phases.at("evaluate"), 2.5);  // (0 + 5) / 2
  EXPECT_EQ(phases.at("update"), 0);             // the hub's alone
}

TEST(Summary, TrafficIsTheSumOverAllNodes) {
  const Experiment experiment = experiment_of(kServed);
  const Summary summary = summarise(experiment, std::vector{served_unit(experiment)});
  EXPECT_EQ(summary.runs[0].repeats[0].bytes_sent, 1300);
  EXPECT_EQ(summary.runs[0].repeats[0].messages, 17);
}

TEST(Summary, TheCriticalPathIsTheWorkersThatComputesLongest) {
  const Experiment experiment = experiment_of(kServed);
  Unit unit = served_unit(experiment);
  const auto critical = [&] {
    return summarise(experiment, std::vector{unit}).runs.at(0).repeats.at(0);
  };
  EXPECT_DOUBLE_EQ(critical().critical_compute_s, 6);
  EXPECT_DOUBLE_EQ(critical().critical_exposed_communication_s, 2);
  std::swap(unit.nodes[0], unit.nodes[1]);
  EXPECT_DOUBLE_EQ(critical().critical_compute_s, 6);
  EXPECT_DOUBLE_EQ(critical().critical_exposed_communication_s, 2);
}

TEST(Summary, UtilisationIsTheShareOfTheTimeSpentComputing) {
  const Experiment experiment = experiment_of(kServed);
  const Summary summary = summarise(experiment, std::vector{served_unit(experiment)});
  EXPECT_THAT(summary.runs[0].repeats[0].utilisation,
              testing::Pointwise(testing::DoubleEq(), {0.4, 0.6, 0.8}));
  EXPECT_DOUBLE_EQ(summary.runs[0].find("utilisation")->mean, 0.5);  // the workers' (0.4 + 0.6) / 2
}

TEST(Summary, NothingIsUsedWhereNoTimePasses) {
  const Experiment experiment = experiment_of(kServed);
  const Summary summary = summarise(experiment, std::vector{idle_unit(experiment, {0, 0})});
  EXPECT_THAT(summary.runs[0].repeats[0].utilisation, testing::Each(0.0));
}

// 20 updates of 8 an epoch are 2.5 epochs; the last was measured at 10 s, the run ended at 12 s.
TEST(Summary, AnEpochLastsItsShareOfTheTrainingsTime) {
  const Experiment experiment = experiment_of(kServed);
  Unit unit = trained_unit(experiment, {0, 0}, {.updates = 20, .updates_per_epoch = 8});
  unit.time = kStart + from_seconds(12);
  const auto epoch_time = [&] {
    return summarise(experiment, std::vector{unit}).runs.at(0).repeats.at(0).epoch_time_s;
  };
  unit.samples[1] = {sample("train_loss", 1, 20, 10), sample("train_loss", 1, 19, 11)};
  EXPECT_DOUBLE_EQ(epoch_time().value(), 4);  // 10 / 2.5
  unit.samples.assign(3, {});
  EXPECT_DOUBLE_EQ(epoch_time().value(), 4.8);  // 12 / 2.5
  unit.updates = 0;
  EXPECT_EQ(epoch_time(), std::nullopt);
}

// (10 + 14) / 2 = 12 and a standard error of 2, of which t = 12.706 makes 25.41.
TEST(Summary, RepeatsAreInOrderAndGiveMeansWithIntervals) {
  const Experiment experiment = experiment_of(kServed + "repeats: 2\n");
  const Summary summary =
      summarise(experiment, std::vector{trained_unit(experiment, {0, 1}, {.time_s = 10}),
                                        trained_unit(experiment, {0, 0}, {.time_s = 14})});
  const RunSummary& run = summary.runs.at(0);
  ASSERT_EQ(run.repeats.size(), 2u);
  EXPECT_EQ(run.repeats[0].time_s, 14);
  EXPECT_EQ(run.repeats[1].time_s, 10);
  EXPECT_EQ(run.find("time_s")->mean, 12);
  EXPECT_NEAR(run.find("time_s")->half_width, 25.41, 0.01);
  EXPECT_EQ(run.find("test_accuracy")->mean, 0.9);
  EXPECT_EQ(run.find("x"), nullptr);
}

TEST(Summary, RunsThatHaveNotFinishedAreThereWithoutNumbers) {
  const Experiment experiment = experiment_of(kServed + "sweep: {workload.batch: [1, 2]}\n");
  const Summary summary =
      summarise(experiment, std::vector{trained_unit(experiment, {1, 0}, {.time_s = 3})});
  ASSERT_EQ(summary.runs.size(), 2u);
  EXPECT_TRUE(summary.runs[0].repeats.empty());
  EXPECT_EQ(summary.runs[0].find("time_s"), nullptr);
  EXPECT_EQ(summary.runs[1].find("time_s")->mean, 3);
}

// Each end of a flow may record its part; they come by number.
TEST(Summary, FlowsAreGatheredFromTheNodes) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: path, nodes: 2}
workload: {kind: traffic, flows: [{from: 0, to: 1}, {from: 1, to: 0}]}
)");
  Unit unit = idle_unit(experiment, {0, 0});
  unit.samples[0] = {sample("start_s", 0.25, 1), sample("finish_s", 1.5, 0),
                     sample("rate", 4e6, 0)};
  unit.samples[1] = {sample("start_s", 0.5, 0), sample("finish_s", 2.5, 1), sample("rate", 8e6, 1)};
  const auto flows = summarise(experiment, std::vector{unit}).runs.at(0).repeats.at(0).flows;
  ASSERT_EQ(flows.size(), 2u);
  EXPECT_EQ(flows[0].flow, 0);
  EXPECT_EQ(flows[0].start_s, 0.5);
  EXPECT_EQ(flows[0].finish_s, 1.5);
  EXPECT_EQ(flows[0].rate, 4e6);
  EXPECT_EQ(flows[1].flow, 1);
  EXPECT_EQ(flows[1].finish_s, 2.5);
}

TEST(Summary, SaysWhatARunRanOn) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: cluster, machines: 2, devices_per_machine: 3, device: rtx3080, server: true}
workload: {kind: quadratic}
sweep: [{seed: 1}, {topology.device: cpu, devices.cost: measured}, {topology.device: ideal}]
)");
  const Summary summary = summarise(experiment, {});
  ASSERT_EQ(summary.runs.size(), 3u);
  EXPECT_EQ(summary.name, "test");
  EXPECT_EQ(summary.runs[0].kind, WorkloadKind::kQuadratic);
  EXPECT_EQ(summary.runs[0].workers, 6);
  EXPECT_EQ(summary.runs[0].machines, 2);
  EXPECT_TRUE(summary.runs[0].on_gpus);
  EXPECT_TRUE(summary.runs[0].declared_cost);
  EXPECT_FALSE(summary.runs[1].on_gpus);
  EXPECT_FALSE(summary.runs[1].declared_cost);
  EXPECT_FALSE(summary.runs[2].on_gpus);
}

}  // namespace
}  // namespace understudy
