// The data that a report's charts are drawn from.
#include "results/report/charts.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "tests/summary/study.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;
using Names = std::vector<std::string>;

// As the page gets it.
Json charts_of(const Experiment& experiment, const std::vector<Unit>& units) {
  return Json::parse(charts(summarise(experiment, units), units).dump());
}
Json titled(const Json& data, const std::string& title) {
  for (const Json& chart : data["charts"]) {
    if (chart["title"] == title) return chart;
  }
  return {};
}
Names titles(const Json& data) {
  Names names;
  for (const Json& chart : data["charts"]) names.push_back(chart["title"]);
  return names;
}

// Runs 0 and 1 have a batch of 32, runs 2 and 3 one of 64; four GPUs come before one.
const std::string kBatches = R"(
topology: {kind: cluster, device: rtx3080}
workload: {kind: image_classifier, model: lenet}
sweep: {workload.batch: [32, 64], topology.devices_per_machine: [4, 1]}
)";
std::vector<Unit> batch_units(const Experiment& experiment) {
  return {trained_unit(experiment, {0, 0}, {.accuracy = 0.5, .time_s = 2}),
          trained_unit(experiment, {1, 0}, {.accuracy = 0.75, .time_s = 8}),
          trained_unit(experiment, {2, 0}, {.accuracy = 0.25, .time_s = 4}),
          trained_unit(experiment, {3, 0}, {.accuracy = 1, .time_s = 16})};
}

TEST(Charts, OfAClassifier) {
  const Experiment experiment = experiment_of(kBatches);
  const Json data = charts_of(experiment, batch_units(experiment));
  EXPECT_EQ(titles(data),
            (Names{"Accuracy against GPUs", "Time against GPUs", "Accuracy against epochs",
                   "Accuracy against seconds", "Utilisation by rank"}));
  EXPECT_EQ(data["series"], (Json{"batch 32", "batch 64"}));
}

// In per cent, from one GPU on, one repeat without an interval.
TEST(Charts, AgainstSizeThereIsALineForEachSeries) {
  const Experiment experiment = experiment_of(kBatches);
  const Json chart =
      titled(charts_of(experiment, batch_units(experiment)), "Accuracy against GPUs");
  EXPECT_EQ(chart["kind"], "lines");
  EXPECT_EQ(chart["by_series"], true);
  EXPECT_EQ(chart["x"], Json::parse(R"({"title": "GPUs", "log": true, "ticks": [1, 4]})"));
  EXPECT_EQ(chart["y"], (Json{{"title", "accuracy (%)"}, {"log", false}}));
  const std::string lines = R"([
    {"label": "batch 32", "series": "batch 32", "colour": 0, "dash": 0,
     "points": [[1, 75.0, null], [4, 50.0, null]]},
    {"label": "batch 64", "series": "batch 64", "colour": 1, "dash": 1,
     "points": [[1, 100.0, null], [4, 25.0, null]]}])";
  EXPECT_EQ(chart["lines"], Json::parse(lines));
}

TEST(Charts, TimesAreSecondsOnALogarithmicAxis) {
  const Experiment experiment = experiment_of(kBatches);
  const Json chart = titled(charts_of(experiment, batch_units(experiment)), "Time against GPUs");
  EXPECT_EQ(chart["y"], (Json{{"title", "time of an epoch (s)"}, {"log", true}}));
  EXPECT_NEAR(chart["lines"][0]["points"][0][1].get<double>(), 8, 1e-9);
  EXPECT_NEAR(chart["lines"][0]["points"][1][1].get<double>(), 2, 1e-9);
}

// 50 and 75 per cent: a standard error of 12.5, of which t = 12.706 makes 158.8.
TEST(Charts, RepeatsGiveIntervals) {
  const Experiment experiment = experiment_of(kBatches);
  std::vector<Unit> units = batch_units(experiment);
  units.push_back(trained_unit(experiment, {0, 1}, {.accuracy = 0.75}));
  const Json points =
      titled(charts_of(experiment, units), "Accuracy against GPUs")["lines"][0]["points"];
  EXPECT_EQ(points[0][2], nullptr);
  EXPECT_EQ(points[1][1], 62.5);
  EXPECT_NEAR(points[1][2].get<double>(), 158.8, 0.05);
}

TEST(Charts, WhatDivergedIsNull) {
  const Experiment experiment = experiment_of(kBatches);
  std::vector<Unit> units = batch_units(experiment);
  units[0].samples[0][0].value = std::numeric_limits<double>::infinity();
  const Json data = charts_of(experiment, units);
  EXPECT_EQ(titled(data, "Accuracy against GPUs")["lines"][0]["points"][1],
            (Json{4, nullptr, nullptr}));
}

TEST(Charts, WithoutAPointThereIsNone) {
  const Experiment experiment = experiment_of(kBatches);
  EXPECT_EQ(titles(charts_of(experiment, {})), Names{});
  EXPECT_EQ(charts({}, {}), Json::parse(R"json({"series": [], "shown": [], "charts": []})json"));
  const Experiment one_size = experiment_of(kBatches, {"topology.devices_per_machine=1"});
  EXPECT_EQ(titles(charts_of(one_size, {trained_unit(one_size, {1, 0}, {})})),
            (Names{"Accuracy against epochs", "Accuracy against seconds"}));
}

// Of two repeats one was measured after 15 updates too; an epoch is 10, seconds are means.
TEST(Charts, CurvesHaveTheStepsThatAllRepeatsHave) {
  const Experiment experiment = experiment_of(kBatches);
  std::vector<Unit> units{
      trained_unit(experiment, {1, 0}, {.accuracy = 0.5, .updates = 20, .time_s = 4}),
      trained_unit(experiment, {1, 1}, {.accuracy = 0.5, .updates = 20, .time_s = 6})};
  units[0].samples[0].push_back(sample("test_accuracy", 0.25, 5, 1));
  units[1].samples[0].push_back(sample("test_accuracy", 0.25, 5, 2));
  units[1].samples[0].push_back(sample("test_accuracy", 0.75, 15, 3));
  const Json data = charts_of(experiment, units);
  const Json epochs = titled(data, "Accuracy against epochs");
  EXPECT_EQ(epochs["x"]["title"], "epochs");
  ASSERT_EQ(epochs["lines"].size(), 1u);
  EXPECT_EQ(epochs["lines"][0]["label"], "batch 32, 1 GPU");
  EXPECT_EQ(epochs["lines"][0]["colour"], 0);  // the smallest of the sizes
  EXPECT_EQ(epochs["lines"][0]["points"], Json::parse("[[0.5, 25.0, 0.0], [2.0, 50.0, 0.0]]"));
  const Json seconds = titled(data, "Accuracy against seconds")["lines"][0]["points"];
  EXPECT_NEAR(seconds[0][0].get<double>(), 1.5, 1e-9);
  EXPECT_NEAR(seconds[1][0].get<double>(), 5, 1e-9);
}

// Four GPUs compute 2 s forward and 1 s backward in all and wait for 3 s, one computes 4 s; per
// worker that is 0.5, 0.25 and 0.75 s. Sums of the all-reduce run beside the rest.
TEST(Charts, TimeIsStackedByPhase) {
  const Experiment experiment = experiment_of(kBatches, {"workload.batch=32"});
  std::vector<Unit> units{trained_unit(experiment, {0, 0}, {}),
                          trained_unit(experiment, {1, 0}, {})};
  set_busy(units[0].nodes[0], Phase::kForward, 2);
  set_busy(units[0].nodes[1], Phase::kBackward, 1);
  set_busy(units[0].nodes[2], Phase::kReduce, 8);
  units[0].nodes[3].exposed = from_seconds(3);
  set_busy(units[1].nodes[0], Phase::kForward, 4);
  EXPECT_EQ(titled(charts_of(experiment, units), "Where the time goes"), Json::parse(R"json({
    "kind": "stack", "title": "Where the time goes", "by_series": false,
    "note": "mean over the workers",
    "x": {"title": "seconds on the scenario's clock", "log": false},
    "y": {"title": "", "log": false, "labels": ["4 GPUs", "1 GPU"]},
    "lines": [{"label": "forward", "series": "forward", "colour": 0,
               "points": [[0.5, "4 GPUs"], [4.0, "1 GPU"]]},
              {"label": "backward", "series": "backward", "colour": 1,
               "points": [[0.25, "4 GPUs"], [0.0, "1 GPU"]]},
              {"label": "waiting for others", "series": "waiting for others", "colour": 2,
               "points": [[0.75, "4 GPUs"], [0.0, "1 GPU"]]}]})json"));
}

TEST(Charts, UtilisationIsByRankOfTheLargestRuns) {
  const Experiment experiment = experiment_of(kBatches);
  std::vector<Unit> units = batch_units(experiment);
  for (std::size_t rank = 0; rank < 4; ++rank)  // 0, 0.5, 1 and 1.5 of 2 s
    set_busy(units[0].nodes[rank], Phase::kForward, 0.5 * static_cast<double>(rank));
  const Json chart = titled(charts_of(experiment, units), "Utilisation by rank");
  EXPECT_EQ(chart["kind"], "bars");
  EXPECT_EQ(chart["x"]["labels"], (Json{"0", "1", "2", "3"}));
  ASSERT_EQ(chart["lines"].size(), 2u);
  EXPECT_EQ(chart["lines"][0]["label"], "batch 32, 4 GPUs");
  EXPECT_EQ(chart["lines"][0]["colour"], 0);  // by series here
  EXPECT_EQ(chart["lines"][1]["colour"], 1);
  for (std::size_t rank = 0; rank < 4; ++rank) {
    EXPECT_EQ(chart["lines"][0]["points"][rank][0], rank);
    EXPECT_NEAR(chart["lines"][0]["points"][rank][1].get<double>(), 25 * static_cast<double>(rank),
                1e-9);
  }
}

TEST(Charts, TheFirstVariantStartsVisible) {
  const Json data = charts_of(experiment_of(kStudy), {});
  EXPECT_EQ(data["series"].size(), 8u);
  EXPECT_EQ(data["shown"], (Json{"as published, one machine", "as published, machines"}));
}

TEST(Charts, OfManySeriesEightStartVisible) {
  const Json data = charts_of(
      experiment_of("workload: {kind: quadratic}\nsweep: {seed: [1, 2, 3, 4, 5, 6, 7, 8, 9]}\n"),
      {});
  EXPECT_EQ(data["series"].size(), 9u);
  EXPECT_EQ(data["shown"].size(), 8u);
  EXPECT_EQ(data["shown"][7], "seed 8");
}

// Nodes without a device are no GPUs; bandwidth is in GB/s.
TEST(Charts, OfACollective) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: cluster}
workload: {kind: collective}
sweep: {topology.machines: [2, 4]}
)");
  std::vector<Unit> units{idle_unit(experiment, {0, 0}), idle_unit(experiment, {1, 0})};
  for (Unit& unit : units) {
    unit.samples[0] = {sample("collective_time_s", 0.5, 0), sample("bus_bandwidth", 2e9, 0)};
  }
  const Json data = charts_of(experiment, units);
  EXPECT_EQ(titles(data), (Names{"Collective time against nodes", "Bus bandwidth against nodes"}));
  EXPECT_EQ(data["charts"][0]["lines"][0]["label"], "time (s)");  // there is one series only
  EXPECT_EQ(data["charts"][0]["lines"][0]["points"],
            Json::parse("[[2, 0.5, null], [4, 0.5, null]]"));
  EXPECT_EQ(data["charts"][1]["y"]["title"], "bus bandwidth (GB/s)");
  EXPECT_NEAR(data["charts"][1]["lines"][0]["points"][0][1].get<double>(), 2, 1e-9);
}

TEST(Charts, OfTrafficAreSpansByFlow) {
  const Experiment experiment = experiment_of(R"(
name: two flows
topology: {kind: path, nodes: 2}
workload: {kind: traffic, flows: [{from: 0, to: 1}, {from: 1, to: 0}]}
)");
  Unit unit = idle_unit(experiment, {0, 0});
  add_flow(unit, 1, {1, 0.25, 0.5, 4e6});
  add_flow(unit, 0, {0, 0, 2, 1e6});
  add_flow(unit, 0, {.flow = 2, .delivered = false});  // has no end
  const Json data = charts_of(experiment, {unit});
  EXPECT_EQ(data["charts"], Json::parse(R"json([{
    "kind": "spans", "title": "Flows", "by_series": false,
    "x": {"title": "seconds on the scenario's clock", "log": false},
    "y": {"title": "flow", "log": false, "labels": ["0", "1"]},
    "lines": [{"label": "two flows", "series": "", "colour": 0, "dash": 0,
               "points": [[0.0, 2.0, "0"], [0.25, 0.5, "1"]]}]}])json"));
}

TEST(Charts, OfAQuadraticFollowX) {
  const Experiment experiment = experiment_of("workload: {kind: quadratic}\n");
  Unit unit = idle_unit(experiment, {0, 0});
  unit.samples[0] = {sample("x", 4, 1), sample("x", 2, 2)};
  const Json data = charts_of(experiment, {unit});
  EXPECT_EQ(titles(data), Names{"x against updates"});
  EXPECT_EQ(data["charts"][0]["lines"][0]["points"],
            Json::parse("[[1.0, 4.0, null], [2.0, 2.0, null]]"));
}

// A curve of validation for each run, and what was sent for the test set's accuracy; a run that sent
// nothing has no place on a logarithmic axis.
TEST(Charts, OfAKnowledgeTransferShowTheTarget) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: mesh, nodes: 2}
workload: {kind: knowledge_transfer}
strategy: {kind: transfer}
sweep: {workload.weight: [0, 1]}
)");
  std::vector<Unit> units{idle_unit(experiment, {0, 0}), idle_unit(experiment, {1, 0})};
  for (Unit& unit : units) {
    unit.updates = 20;
    unit.updates_per_epoch = 10;
    unit.time = kStart + from_seconds(4);
    unit.samples[0] = {sample("target_validation_accuracy", 0.25, 10, 2),
                       sample("target_validation_accuracy", 0.5, 20, 4),
                       sample("target_test_accuracy", 0.75, 20, 4)};
  }
  units[1].nodes[1].bytes_sent = 2'000'000;
  const Json data = charts_of(experiment, units);
  const Json epochs = titled(data, "Target's accuracy against epochs");
  ASSERT_EQ(epochs["lines"].size(), 2u);
  EXPECT_EQ(epochs["lines"][0]["points"], Json::parse("[[1.0, 25.0, null], [2.0, 50.0, null]]"));
  const Json seconds = titled(data, "Target's accuracy against seconds");
  EXPECT_EQ(seconds["lines"][0]["points"], Json::parse("[[2.0, 25.0, null], [4.0, 50.0, null]]"));
  const Json bytes = titled(data, "Target's accuracy against bytes");
  ASSERT_EQ(bytes["lines"].size(), 1u);
  EXPECT_EQ(bytes["lines"][0]["points"], Json::parse("[[2.0, 75.0, null]]"));
}

}  // namespace
}  // namespace understudy
