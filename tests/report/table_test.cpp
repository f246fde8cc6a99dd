// The table of results: columns for each kind of workload, and how it lies on a terminal.
#include "results/report/table.hpp"
#include "results/report/prediction_table.hpp"

#include "results/report/text_table.hpp"
#include "tests/summary/units.hpp"

namespace understudy {
namespace {

using Row = std::vector<std::string>;

ResultTable table_of(const Experiment& experiment, const std::vector<Unit>& units) {
  return result_table(summarise(experiment, units));
}

const std::string kGpus = R"(
topology: {kind: cluster, device: rtx3080}
workload: {kind: image_classifier, model: lenet}
sweep: {topology.devices_per_machine: [1, 2]}
)";

// One GPU computes for 6 of 8 s; of two one computes for 2 and one for 1.5 of 2.5 s, and both wait
// for 0.5 s. An epoch is half of the 10 updates.
std::vector<Unit> gpu_units(const Experiment& experiment) {
  std::vector<Unit> units{
      trained_unit(experiment, {0, 0},
                   {.accuracy = 0.9, .updates = 10, .updates_per_epoch = 5, .time_s = 8}),
      trained_unit(experiment, {1, 0},
                   {.accuracy = 0.85, .updates = 10, .updates_per_epoch = 5, .time_s = 2.5})};
  set_busy(units[0].nodes[0], Phase::kForward, 6);
  set_busy(units[1].nodes[0], Phase::kForward, 2);
  set_busy(units[1].nodes[1], Phase::kForward, 1.5);
  for (NodeStatistics& node : units[1].nodes) node.exposed = from_seconds(0.5);
  return units;
}

// 8 / 2 = 4 s and 2.5 / 2 = 1.25 s, a ratio of 3.2; waiting 0.5 of 2.5 s is 20 % or 250 ms an
// epoch; used are 6 / 8, and 2 / 2.5 and 1.5 / 2.5.
TEST(ResultTable, OfAClassifier) {
  const Experiment experiment = experiment_of(kGpus);
  const ResultTable t = table_of(experiment, gpu_units(experiment));
  EXPECT_EQ(t.head, (Row{"GPUs", "epoch time", "speed-up", "exposed per epoch", "utilisation %",
                         "accuracy %", "updates", "one alone %"}));
  ASSERT_EQ(t.rows.size(), 2u);
  EXPECT_EQ(t.rows[0], (Row{"1", "4.00 s", "1.00", "0 s (0 %)", "75", "90.0", "10", ""}));
  EXPECT_EQ(t.rows[1],
            (Row{"2", "1.25 s", "3.20", "250 ms (20 %)", "70 (60–80)", "85.0", "10", "90.0"}));
  EXPECT_EQ(t.notes,
            (Row{"Times are declared: from device profiles and a network model.",
                 "One alone: one worker's accuracy after as many updates, read off its curve."}));
}

TEST(ResultTable, SeveralRepeatsHaveIntervals) {
  const Experiment experiment = experiment_of(kGpus);
  std::vector<Unit> units = gpu_units(experiment);
  units.push_back(units[0]);
  units[2].key.repeat = 1;
  units[2].samples[0][0].value = 0.88;  // 12.706 x 0.01 is 12.7 points
  const ResultTable t = table_of(experiment, units);
  EXPECT_EQ(t.head[1], "repeats");
  EXPECT_EQ(t.rows[0],
            (Row{"1", "2", "4.00 s", "1.00", "0 s (0 %)", "75", "89.0 ± 12.7", "10", ""}));
  EXPECT_EQ(t.rows[1][1], "1");
  EXPECT_EQ(t.notes.back(), "± is half the 95 % interval over repeats.");
}

TEST(ResultTable, ARunWithoutRepeatsHasARowWithoutNumbers) {
  const Experiment experiment = experiment_of(kGpus);
  const ResultTable t = table_of(experiment, {gpu_units(experiment)[1]});
  EXPECT_EQ(t.rows.at(0), (Row{"1", "0", "", "", "", "", "", ""}));
  EXPECT_EQ(t.rows.at(1),
            (Row{"2", "1", "1.25 s", "", "250 ms (20 %)", "70 (60–80)", "85.0", "10"}));
}

TEST(ResultTable, MarksTimesOfAReplay) {
  const Experiment experiment = experiment_of(kGpus);
  std::vector<Unit> units = gpu_units(experiment);
  units[1].weights_of = UnitKey{0, 0};
  const ResultTable t = table_of(experiment, units);
  EXPECT_EQ(t.rows[0][1], "4.00 s");
  EXPECT_EQ(t.rows[1][1], "1.25 s *");
  EXPECT_THAT(t.notes, testing::Contains(testing::StartsWith("* re-timed: ")));
}

TEST(ResultTable, SaysWhereTimesWereMeasured) {
  const std::string measured =
      "Times are measured: computing was timed on the machine that ran this.";
  const std::string workload = "workload: {kind: quadratic}\n";
  EXPECT_EQ(table_of(experiment_of(workload + "devices: {cost: measured}\n"), {}).notes,
            Row{measured});
  EXPECT_EQ(
      table_of(experiment_of(workload + "sweep: {devices.cost: [profile, measured]}\n"), {}).notes,
      (Row{"Some times are declared: from device profiles and a network model.",
           "Others are measured: computing was timed on the machine that ran this."}));
}

TEST(ResultTable, SaysWhatTheWallsClockMeasured) {
  const Experiment experiment =
      experiment_of(kGpus, {"mode=emulated", "emulation.dilation=4", "sweep=null"});
  std::vector<Unit> units{trained_unit(experiment, {0, 0}, {})};
  EmulationReport report{.dilation = 4, .latest_start = from_seconds(2e-3), .overruns = 5};
  for (const double late_s : {0.0, 0.25}) report.lateness.add(from_seconds(late_s));
  units[0].emulation = report;
  const ResultTable t = table_of(experiment, units);
  ASSERT_GE(t.notes.size(), 2u);
  EXPECT_EQ(t.notes[0],
            "Times are measured on the wall's clock, divided by the dilation; "
            "computing takes what device profiles say.");
  EXPECT_EQ(
      t.notes[1],
      "Emulated over shared_memory with dilation 4: messages were 0 s late in the median, 250 "
      "ms in the worst hundredth, 250 ms at most; starts were taken up to 2.00 ms late; 5 "
      "computations overran.");
}

// What varies comes first, under its short name.
TEST(ResultTable, OfACollective) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: cluster, machines: 4}
workload: {kind: collective, bytes: 100MB}
sweep: {strategy.collective: [ring, tree]}
)");
  std::vector<Unit> units{idle_unit(experiment, {0, 0}), idle_unit(experiment, {1, 0})};
  for (Unit& unit : units) {
    unit.samples[0] = {sample("collective_time_s", 1.25, 0), sample("algorithm_bandwidth", 80e6, 0),
                       sample("bus_bandwidth", 120e6, 0)};
  }
  const ResultTable t = table_of(experiment, units);
  EXPECT_EQ(t.head, (Row{"collective", "nodes", "machines", "time", "algorithm bandwidth",
                         "bus bandwidth"}));
  EXPECT_EQ(t.rows.at(0), (Row{"ring", "4", "4", "1.25 s", "80.0 MB/s", "120 MB/s"}));
  EXPECT_EQ(t.rows.at(1).front(), "tree");
}

// A row for each flow, of means over the repeats: (0 + 1) / 2, (2 + 4) / 2, (1 + 2) / 2.
TEST(ResultTable, OfTraffic) {
  const Experiment experiment = experiment_of(R"(
repeats: 2
topology: {kind: path, nodes: 2}
workload: {kind: traffic, flows: [{from: 0, to: 1}, {from: 1, to: 0}]}
)");
  std::vector<Unit> units{idle_unit(experiment, {0, 0}), idle_unit(experiment, {0, 1})};
  add_flow(units[0], 0, {0, 0, 2, 1e6});
  add_flow(units[0], 1, {1, 0.25, 0.5, 4e6});
  add_flow(units[1], 0, {0, 1, 4, 2e6});
  add_flow(units[1], 1, {1, 0.25, 0.5, 4e6});
  const ResultTable t = table_of(experiment, units);
  EXPECT_EQ(t.head, (Row{"nodes", "machines", "flow", "start", "finish", "rate"}));
  ASSERT_EQ(t.rows.size(), 2u);
  EXPECT_EQ(t.rows[0], (Row{"2", "2", "0", "500 ms", "3.00 s", "1.50 MB/s"}));
  EXPECT_EQ(t.rows[1], (Row{"2", "2", "1", "250 ms", "500 ms", "4.00 MB/s"}));
}

// Means are over the repeats in which a flow arrived: (2 + 4) / 2 of three.
TEST(ResultTable, OfTrafficThatWasLost) {
  const Experiment experiment = experiment_of(R"(
repeats: 3
topology: {kind: path, nodes: 2}
workload: {kind: traffic, flows: [{from: 0, to: 1}, {from: 1, to: 0}]}
)");
  std::vector<Unit> units;
  for (std::size_t repeat = 0; repeat < 3; ++repeat) {
    units.push_back(idle_unit(experiment, {0, repeat}));
    const double finish_s = 2 + 2 * static_cast<double>(repeat);
    add_flow(units.back(), 0, {0, 1, finish_s, 1e6, repeat < 2});
    add_flow(units.back(), 1, {1, 0.25, 0, 0, false});
  }
  const ResultTable t = table_of(experiment, units);
  ASSERT_EQ(t.rows.size(), 2u);
  EXPECT_EQ(t.rows[0], (Row{"2", "2", "0", "1.00 s", "3.00 s (2 of 3)", "1.00 MB/s"}));
  EXPECT_EQ(t.rows[1], (Row{"2", "2", "1", "250 ms", "lost", ""}));
}

TEST(ResultTable, OfAQuadratic) {
  const Experiment experiment =
      experiment_of("topology: {kind: ring, nodes: 3}\nworkload: {kind: quadratic}\n");
  Unit unit = idle_unit(experiment, {0, 0});
  unit.updates = 7;
  unit.time = kStart + from_seconds(0.002);
  for (auto& samples : unit.samples) samples = {sample("x", 0.90909090909, 7)};
  const ResultTable t = table_of(experiment, {unit});
  EXPECT_EQ(t.head, (Row{"nodes", "machines", "time", "updates", "x"}));
  EXPECT_EQ(t.rows.at(0), (Row{"3", "3", "2.00 ms", "7", "0.909091"}));
}

// A kind's columns say nothing about runs of another kind.
TEST(ResultTable, OfSeveralKindsKeepsThemApart) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: path, nodes: 2}
workload: {kind: quadratic}
sweep:
  workload: [{kind: quadratic}, {kind: collective}, {kind: traffic, flows: [{from: 0, to: 1}]}]
)");
  std::vector<Unit> units;
  for (const std::size_t run : {0, 1, 2}) {
    units.push_back(idle_unit(experiment, {run, 0}));
    units.back().time = kStart + from_seconds(2);
  }
  units[0].updates = 7;
  units[0].samples[0] = {sample("x", 0.5, 7)};
  units[1].samples[0] = {sample("collective_time_s", 1.5, 0)};
  add_flow(units[2], 0, {0, 0.25, 0.5, 4e6});
  const ResultTable t = table_of(experiment, units);
  EXPECT_EQ(t.head,
            (Row{"workload", "nodes", "machines", "time", "updates", "x", "time",
                 "algorithm bandwidth", "bus bandwidth", "flow", "start", "finish", "rate"}));
  const auto cells = [&](std::size_t row) {
    return Row(t.rows.at(row).begin() + 3, t.rows.at(row).end());
  };
  EXPECT_EQ(cells(0), (Row{"2.00 s", "7", "0.5", "", "", "", "", "", "", ""}));
  EXPECT_EQ(cells(1), (Row{"", "", "", "1.50 s", "", "", "", "", "", ""}));
  EXPECT_EQ(cells(2), (Row{"", "", "", "", "", "", "0", "250 ms", "500 ms", "4.00 MB/s"}));
}

TEST(ResultTable, OfNothing) {
  EXPECT_TRUE(result_table({}).head.empty());
  EXPECT_EQ(table({}), "\n");
}

TEST(ResultTable, AsTextItEndsWithItsNotes) {
  const Experiment experiment = experiment_of(kGpus, {"topology.devices_per_machine=2"});
  EXPECT_EQ(table(summarise(experiment, std::vector{[&] {
                              Unit unit = gpu_units(experiment_of(kGpus))[1];
                              unit.key.run = 0;
                              return unit;
                            }()})),
            "GPUs  epoch time  speed-up  exposed per epoch  utilisation %  accuracy %  updates\n"
            "2     1.25 s                250 ms (20 %)      70 (60–80)     85.0        10\n"
            "Times are declared: from device profiles and a network model.\n");
}

// 100 ms less and 300 ms more than a closed form of 1 s, and 50 ms that the replays don't explain.
TEST(PredictionTable, SaysWhereTheTimeDiffers) {
  RunSummary run;
  run.kind = WorkloadKind::kCollective;
  run.label = "8 workers";
  run.prediction = Prediction{.closed_form_s = 1, .stragglers_s = -0.1, .contention_s = 0.3};
  run.statistics["collective_time_s"] = {.mean = 1.25, .half_width = 0};
  const ResultTable t = prediction_table({.name = "", .runs = {run}});
  ASSERT_EQ(t.rows.size(), 1u);
  EXPECT_EQ(t.rows[0], (Row{"8 workers", "1.00 s", "-100 ms (-10 %)", "+300 ms (+30 %)",
                            "+50.0 ms (+5 %)", "1.25 s"}));
}

TEST(PredictionTable, IsEmptyWithoutPredictions) {
  EXPECT_TRUE(prediction_table({.name = "", .runs = {RunSummary{}}}).rows.empty());
}

// ± and – and 網 are one character each, though two or three bytes.
TEST(TextTable, AlignsCharactersNotBytes) {
  EXPECT_EQ(text_table({{"a", "bb", "c"}, {"1 ± 2", "–", "x"}, {"網", "", ""}}),
            "a      bb  c\n"
            "1 ± 2  –   x\n"
            "網\n");
}

TEST(TextTable, OfNothing) {
  EXPECT_EQ(text_table({}), "");
  EXPECT_EQ(text_table({{"", ""}}), "\n");
}

// Of the members the best by itself; members' nodes record theirs.
TEST(ResultTable, OfAKnowledgeTransfer) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: mesh, nodes: 2}
workload: {kind: knowledge_transfer, ensemble: [cnn, lenet]}
strategy: {kind: transfer}
)");
  Unit unit = idle_unit(experiment, {0, 0});
  unit.updates = 20;
  unit.updates_per_epoch = 10;
  unit.time = kStart + from_seconds(3);
  unit.nodes[1].bytes_sent = 2'500'000;
  unit.samples[0] = {sample("target_test_accuracy", 0.75, 20), sample("target_test_loss", 0.5, 20),
                     sample("ensemble_test_accuracy", 0.8, 20)};
  unit.samples[1] = {sample("member_0_test_accuracy", 0.6, 20),
                     sample("member_1_test_accuracy", 0.7, 20)};
  const ResultTable t = table_of(experiment, {unit});
  EXPECT_EQ(t.head, (Row{"nodes", "machines", "time", "updates", "target %", "target loss",
                         "ensemble %", "best member %", "sent"}));
  EXPECT_EQ(t.rows.at(0),
            (Row{"2", "2", "3.00 s", "20", "75.0", "0.5", "80.0", "70.0", "2.5 MB"}));
}

}  // namespace
}  // namespace understudy
