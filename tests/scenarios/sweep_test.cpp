// Sweeps: which runs, in which order.
#include "scenarios/sweep.hpp"

#include <fstream>

#include "runtime/base/errors.hpp"
#include "tests/scenarios/examples.hpp"

namespace understudy {
namespace {

std::vector<ExpandedRun> runs_of(const std::string& yaml,
                                 const std::vector<std::string>& sets = {}) {
  Document document = parse_document(yaml, "test.yaml");
  for (const std::string& set : sets) apply_set(document, set);
  return expand(document);
}

// "key=value key=value" of each run.
std::vector<std::string> overrides_of(const std::vector<ExpandedRun>& runs) {
  std::vector<std::string> out;
  for (const ExpandedRun& run : runs) {
    std::string text;
    for (const Override& o : run.overrides)
      text += (text.empty() ? "" : " ") + o.key + "=" + o.value;
    out.push_back(text);
  }
  return out;
}

TEST(Sweep, NoneIsOneRun) {
  const auto runs = runs_of("seed: 3");
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_TRUE(runs[0].overrides.empty());
  EXPECT_EQ(runs[0].scenario.seed, 3u);
}

TEST(Sweep, GridWithTheFirstKeySlowest) {
  const auto runs = runs_of("sweep: {topology.machines: [1, 2], workload.batch: [32, 64]}");
  EXPECT_THAT(overrides_of(runs), testing::ElementsAre("topology.machines=1 workload.batch=32",
                                                       "topology.machines=1 workload.batch=64",
                                                       "topology.machines=2 workload.batch=32",
                                                       "topology.machines=2 workload.batch=64"));
  EXPECT_EQ(std::get<ClusterConfig>(runs[2].scenario.topology).machines, 2);
  EXPECT_EQ(std::get<ImageClassifierConfig>(runs[2].scenario.workload).batch, 32);
  EXPECT_TRUE(runs[2].scenario.sweep.is_null());
}

TEST(Sweep, ListOfOverrideSets) {
  const auto runs =
      runs_of("sweep: [{name: small, seed: 1, workload.batch: 8}, {workload.batch: 16}]");
  EXPECT_THAT(overrides_of(runs),
              testing::ElementsAre("variant=small seed=1 workload.batch=8", "workload.batch=16"));
  EXPECT_TRUE(runs[0].overrides[0].is_label);
  EXPECT_FALSE(runs[0].overrides[1].is_label);
}

TEST(Sweep, WholeSectionsAndListsOfLists) {
  const auto runs = runs_of(
      "topology: {kind: ring, nodes: 2}\nworkload: {kind: quadratic}\n"
      "sweep: {network: [{kind: ideal}, {kind: queued}], workload.a: [[1, 2], [3, 4]]}");
  ASSERT_EQ(runs.size(), 4u);
  EXPECT_TRUE(std::holds_alternative<QueuedConfig>(runs[3].scenario.network));
  EXPECT_THAT(std::get<QuadraticConfig>(runs[3].scenario.workload).a, testing::ElementsAre(3, 4));
  EXPECT_EQ(runs[3].overrides[0].value, "{kind: queued}");
}

// The main job's shape: four variants times one machine with 1, 2 devices and 1, 2 machines.
TEST(Sweep, GroupsOfVariantsAreGridsThemselves) {
  const auto runs = runs_of(R"(
workload: {kind: image_classifier, epochs: 2}
sweep:
  variant:
    - {name: as published}
    - {name: equal updates, workload.epochs: null, workload.updates: 50}
  shape:
    - {name: one machine, topology.devices_per_machine: [1, 2]}
    - {name: machines, topology.machines: [1, 2]}
)");
  ASSERT_EQ(runs.size(), 8u);
  EXPECT_EQ(overrides_of(runs)[1],
            "variant=as published shape=one machine topology.devices_per_machine=2");
  EXPECT_EQ(overrides_of(runs)[7],
            "variant=equal updates workload.epochs=null workload.updates=50 shape=machines "
            "topology.machines=2");
  const auto& workload = std::get<ImageClassifierConfig>(runs[7].scenario.workload);
  EXPECT_FALSE(workload.epochs.has_value());
  EXPECT_EQ(workload.updates, 50);
  EXPECT_EQ(std::get<ImageClassifierConfig>(runs[0].scenario.workload).epochs, 2);
}

TEST(Sweep, WhatSetFixesIsNotSwept) {
  const std::string yaml = "sweep: {topology.machines: [1, 2, 4], seed: [5, 6]}";
  const auto runs = runs_of(yaml, {"topology.machines=3"});
  EXPECT_THAT(overrides_of(runs), testing::ElementsAre("seed=5", "seed=6"));
  EXPECT_EQ(std::get<ClusterConfig>(runs[1].scenario.topology).machines, 3);
  EXPECT_EQ(runs_of(yaml, {"sweep=null"}).size(), 1u);
  EXPECT_EQ(runs_of(yaml, {"sweep.topology.machines=[1, 2]"}).size(), 4u);
}

TEST(Sweep, ASetItemFixesItsList) {
  const std::string yaml =
      "topology: {kind: ring}\nworkload: {kind: quadratic, a: [1, 2]}\n"
      "sweep: {workload.a: [[3, 4], [5, 6], [7, 4]], \"workload.b[0]\": [1]}";
  EXPECT_THAT(overrides_of(runs_of(yaml, {"workload.a[0]=9", "workload.b=[0, 0]"})),
              testing::ElementsAre("workload.a=[9, 4]", "workload.a=[9, 6]"));
}

// What is set lies over each alternative of a section around it.
TEST(Sweep, SetWithinASweptSection) {
  const std::string yaml =
      "sweep: {shape: [{name: a, topology: [{kind: ring, nodes: 3}, {kind: star, nodes: 4, device: "
      "cpu}]}], seed: [1, 2]}";
  const auto runs = runs_of(yaml, {"topology.device=a100", "seed=7"});
  EXPECT_THAT(overrides_of(runs),
              testing::ElementsAre("shape=a topology={kind: ring, nodes: 3, device: a100}",
                                   "shape=a topology={kind: star, nodes: 4, device: a100}"));
  EXPECT_EQ(std::get<StarConfig>(runs[1].scenario.topology).device, "a100");
  EXPECT_THAT(overrides_of(runs_of(yaml, {"topology.device=null", "seed=7"})),
              testing::ElementsAre("shape=a topology={kind: ring, nodes: 3}",
                                   "shape=a topology={kind: star, nodes: 4}"));
  EXPECT_THAT(overrides_of(runs_of(yaml, {"topology={kind: ring}", "seed=7"})),
              testing::ElementsAre("shape=a"));
}

TEST(Sweep, SetOverASectionThatIsSweptWithoutAlternatives) {
  EXPECT_THAT(
      overrides_of(runs_of("sweep: {topology: {kind: ring}}", {"topology.nodes=5", "seed=1"})),
      testing::ElementsAre("topology={kind: ring, nodes: 5}"));
}

TEST(Sweep, TheStoredSweepStandsForTheSameRuns) {
  const auto text = [](const std::vector<ExpandedRun>& runs) {
    std::string out;
    for (const ExpandedRun& run : runs) out += write_yaml(run.scenario);
    return out;
  };
  const std::string path = testing::TempDir() + "stored_sweep.yaml";
  std::ofstream(path) << "name: stored\nworkload: {kind: traffic, flows: [{}]}\n"
                         "sweep: {topology: [{kind: ring, nodes: 3}, {kind: ring, nodes: 4}, "
                         "{kind: star, nodes: 4}], workload.flows: [[{}, {}]]}\n";
  const Experiment experiment = load_experiment(path, {"topology.nodes=5"});
  EXPECT_EQ(experiment.runs.size(), 2u);
  EXPECT_EQ(text(expand(parse_document(write_yaml(experiment.scenario), "test.yaml"))),
            text(experiment.runs));
}

TEST(Sweep, ASectionAndThenAKeyInIt) {
  EXPECT_THAT(overrides_of(runs_of("sweep: {topology: {kind: ring}, topology.nodes: [2, 3]}")),
              testing::ElementsAre("topology={kind: ring} topology.nodes=2",
                                   "topology={kind: ring} topology.nodes=3"));
  // Groups' names are no keys.
  EXPECT_EQ(runs_of("sweep: {a.b: [{name: x}], a: [{name: y, seed: [1, 2]}]}").size(), 2u);
}

std::string error_of(const std::string& yaml, const std::vector<std::string>& sets) {
  try {
    runs_of(yaml, sets);
  } catch (const ScenarioError& problem) {
    return problem.what();
  }
  return "";
}

TEST(Sweep, ErrorsNameTheArgument) {
  EXPECT_EQ(error_of("workload: {kind: quadratic}", {"sweep={\"workload.a[7]\": [2]}"}),
            "--set sweep.workload.a[7]: 'workload.a[7]' has no item 7");
  EXPECT_EQ(error_of("workload: {kind: quadratic, a: [1, 2]}\nsweep: {workload.a: [[3]]}",
                     {"workload.a[1]=4"}),
            "--set workload.a[1]: has no place in '[3]', to which the sweep sets workload.a");
  EXPECT_EQ(error_of("sweep: {topology: [{kind: ring}]}", {"topology.machines=4"}),
            "--set topology.machines: the kind ring has no such key (one of kind, nodes, "
            "bandwidth, latency, device)");
}

TEST(Sweep, ABaseThatOnlyItsRunsMakeFit) {
  const auto runs = runs_of(
      "workload: {kind: quadratic, a: [1, 2]}\nsweep: {topology.machines: [2]}");  // one machine
                                                                                   // would not fit
  EXPECT_EQ(runs.size(), 1u);
}

TEST(Sweep, AsManyRunsAsAllowedAndNoMore) {
  const auto list = [](int n) {
    std::string out;
    for (int i = 1; i <= n; ++i) out += (i > 1 ? "," : "") + std::to_string(i);
    return "[" + out + "]";
  };
  EXPECT_EQ(runs_of("sweep: {seed: " + list(100) + ", workload.batch: " + list(100) + "}").size(),
            kMaxRuns);
  EXPECT_THROW(runs_of("sweep: {seed: " + list(100) + ", workload.batch: " + list(101) + "}"),
               ScenarioError);
}

TEST(Sweep, AsManyKeysAsAllowedAndNoMore) {
  std::string yaml = "sweep:\n";
  for (std::size_t i = 0; i < kMaxSweptKeys; ++i)
    yaml += "  devices.profiles.p" + std::to_string(i) + ": {}\n";
  EXPECT_EQ(runs_of(yaml).size(), 1u);
  EXPECT_EQ(error_of(yaml + "  seed: 1\n", {}), "test.yaml:1:sweep: has more than 100 keys");
}

}  // namespace
}  // namespace understudy
