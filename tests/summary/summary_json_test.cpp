// summary.json, as the contract in the design lays it out.
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/summary/units.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

const std::string kSweep = R"(
name: "tests & \"trials\""
topology: {kind: cluster, machines: 2}
workload: {kind: image_classifier, model: lenet}
sweep: {group: [{name: quick, workload.batch: 32}, {name: slow, workload.batch: 16}]}
)";

// As a reader of the file gets it.
Json written(const Experiment& experiment, const std::vector<Unit>& units) {
  return Json::parse(to_json(summarise(experiment, units)).dump());
}

TEST(SummaryJson, HasARunForEachOfTheExperiment) {
  const Json json = written(experiment_of(kSweep), {});
  EXPECT_EQ(json["name"], "tests & \"trials\"");
  ASSERT_EQ(json["runs"].size(), 2u);
  EXPECT_EQ(json["runs"][1]["overrides"], (Json{{"group", "slow"}, {"workload.batch", "16"}}));
  EXPECT_EQ(json["runs"][1]["label"], "slow");
  EXPECT_EQ(json["runs"][1]["world"], 2);
  EXPECT_EQ(json["runs"][1]["machines"], 2);
  EXPECT_EQ(json["runs"][1]["cost"], "declared");
  EXPECT_EQ(json["runs"][1]["repeats"], Json::array());
  EXPECT_EQ(json["runs"][1]["mean"], Json::object());
  EXPECT_EQ(json["runs"][1]["ci95"], Json::object());
}

// Seconds, bytes, fractions; every key of the contract.
TEST(SummaryJson, HoldsEveryNumberOfARepeat) {
  const Experiment experiment = experiment_of(kSweep);
  Unit unit = trained_unit(
      experiment, {0, 0},
      {.accuracy = 0.75, .updates = 5, .time_s = 2.5, .weights_hash = "00000000000000ff"});
  unit.seed = 18446744073709551615u;  // 2^64 - 1
  unit.wall_s = 0.125;
  for (NodeStatistics& node : unit.nodes) {
    set_busy(node, Phase::kForward, 1.25);
    node.communication = from_seconds(0.5);
    node.exposed = from_seconds(0.25);
    node.bytes_sent = 3'000'000'000;
    node.messages = 7;
  }
  const Json repeat = written(experiment, {unit})["runs"][0]["repeats"][0];
  EXPECT_EQ(repeat["seed"], 18446744073709551615u);
  EXPECT_EQ(repeat["final"], (Json{{"test_accuracy", 0.75}}));
  EXPECT_EQ(repeat["time_s"], 2.5);
  EXPECT_EQ(repeat["compute_s"], 1.25);
  EXPECT_EQ(repeat["communication_s"], 0.5);
  EXPECT_EQ(repeat["exposed_communication_s"], 0.25);
  EXPECT_EQ(repeat["critical_compute_s"], 1.25);
  EXPECT_EQ(repeat["critical_exposed_communication_s"], 0.25);
  EXPECT_EQ(repeat["bytes_sent"], 6'000'000'000);
  EXPECT_EQ(repeat["messages"], 14);
  EXPECT_EQ(repeat["steps"], 5);
  EXPECT_EQ(repeat["weights_hash"], "00000000000000ff");
  EXPECT_EQ(repeat["wall_s"], 0.125);
  EXPECT_EQ(repeat["utilisation"], (Json{0.5, 0.5}));
  EXPECT_EQ(repeat["phases_s"]["forward"], 1.25);
  EXPECT_FALSE(repeat.contains("weights_of"));
  EXPECT_FALSE(repeat.contains("flows"));
}

TEST(SummaryJson, MeansAndIntervalsGoByTheSameNames) {
  const Experiment experiment = experiment_of(kSweep);
  const Unit first = trained_unit(experiment, {0, 0}, {.accuracy = 0.5});
  const Unit second = trained_unit(experiment, {0, 1}, {.accuracy = 0.75});
  const Json one = written(experiment, {first})["runs"][0];
  EXPECT_EQ(one["mean"]["test_accuracy"], 0.5);
  EXPECT_EQ(one["ci95"]["test_accuracy"], nullptr);
  const Json two = written(experiment, {first, second})["runs"][0];
  EXPECT_EQ(two["mean"]["test_accuracy"], 0.625);
  EXPECT_NEAR(two["ci95"]["test_accuracy"].get<double>(), 12.706 * 0.125, 1e-4);
  for (const auto& [name, mean] : two["mean"].items()) EXPECT_TRUE(two["ci95"].contains(name));
  for (const char* name :
       {"time_s", "compute_s", "communication_s", "exposed_communication_s", "bytes_sent",
        "messages", "steps", "wall_s", "epoch_time_s", "utilisation"})
    EXPECT_TRUE(two["mean"].contains(name)) << name;
}

TEST(SummaryJson, WhatDivergedIsNull) {
  const Experiment experiment = experiment_of(kSweep);
  const Unit unit =
      trained_unit(experiment, {0, 0}, {.accuracy = std::numeric_limits<double>::quiet_NaN()});
  const Json run = written(experiment, {unit})["runs"][0];
  EXPECT_EQ(run["repeats"][0]["final"]["test_accuracy"], nullptr);
  EXPECT_EQ(run["mean"]["test_accuracy"], nullptr);
}

TEST(SummaryJson, NamesWhoseWeightsAReplayShares) {
  const Experiment experiment = experiment_of(kSweep);
  Unit unit = trained_unit(experiment, {1, 0}, {});
  unit.weights_of = UnitKey{0, 3};
  EXPECT_EQ(written(experiment, {unit})["runs"][1]["repeats"][0]["weights_of"], (Json{0, 3}));
}

TEST(SummaryJson, ListsFlows) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: path, nodes: 2}
workload: {kind: traffic, flows: [{from: 0, to: 1}]}
)");
  Unit unit = idle_unit(experiment, {0, 0});
  add_flow(unit, 0, {0, 0.5, 1.5, 1e6});
  EXPECT_EQ(written(experiment, {unit})["runs"][0]["repeats"][0]["flows"],
            Json::parse(R"([{"flow": 0, "start_s": 0.5, "finish_s": 1.5, "rate": 1e6}])"));
}

TEST(SummaryJson, HasNoFinishForAFlowThatWasLost) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: path, nodes: 2}
workload: {kind: traffic, flows: [{from: 0, to: 1}]}
)");
  Unit unit = idle_unit(experiment, {0, 0});
  add_flow(unit, 0, {.start_s = 0.5, .delivered = false});
  EXPECT_EQ(written(experiment, {unit})["runs"][0]["repeats"][0]["flows"],
            Json::parse(R"([{"flow": 0, "start_s": 0.5, "finish_s": null, "rate": null}])"));
}

TEST(SummaryJson, HasTheSpeedUpWhereThereIsOne) {
  const Experiment experiment = experiment_of(kSweep, {"topology.machines=1"});
  const Json json = written(experiment, {trained_unit(experiment, {0, 0}, {})});
  EXPECT_EQ(json["runs"][0]["speed_up"], 1);
  EXPECT_FALSE(json["runs"][1].contains("speed_up"));
}

}  // namespace
}  // namespace understudy
