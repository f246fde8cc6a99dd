// The run directory: units and checkpoints come back as they were, and it refuses what it must not
// touch.
#include "results/experiment/run_directory.hpp"

#include <nlohmann/json.hpp>

#include "runtime/base/errors.hpp"
#include "scenarios/scenario_yaml.hpp"
#include "tests/experiment/support.hpp"

namespace understudy {
namespace {

TEST(RunDirectory, UnitsComeBackAsTheyWere) {
  const TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  Unit unit;
  unit.key = {2, 1};
  unit.seed = 18446744073709551615u;
  unit.weights_of = UnitKey{0, 1};
  unit.weights_hash = "00000000000000ff";
  unit.updates = 7;
  unit.data_sizes = {60, 10, {20, 40}, ImageShape{{3, 32, 30}, 100}};
  unit.time = kStart + std::chrono::seconds(3);
  unit.places = {{1, 2, true}};
  unit.samples = {{{kStart, {.step = 4, .epoch = 2}, "x", 0.1, 2.5}}};
  unit.nodes.resize(1);
  unit.nodes[0].busy[2] = Duration(5);
  unit.nodes[0].exchanges["ring"] = {3, Duration(70)};
  unit.links = {{10, 2, Duration(3), Duration(4)}};
  directory.save(unit);
  const auto units = directory.units();
  ASSERT_EQ(units.size(), 1u);
  EXPECT_EQ(to_json(units[0]), to_json(unit));
  EXPECT_EQ(units[0].data_sizes.images, (ImageShape{{3, 32, 30}, 100}));
  EXPECT_EQ(units[0].samples[0][0].position.step, 4);
  EXPECT_EQ(units[0].samples[0][0].value, 0.1);
  EXPECT_EQ(units[0].nodes[0].exchanges.at("ring").calls, 3);
  EXPECT_EQ(units[0].nodes[0].exchanges.at("ring").time, Duration(70));
  auto silent = to_json(unit);
  silent["world"]["nodes"][0].erase("exchanges");
  EXPECT_TRUE(parse_unit(silent.dump(), "unit").nodes[0].exchanges.empty());
}

TEST(RunDirectory, CheckpointsKeepEveryByte) {
  const TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  WorldSnapshot world;
  world.time = kStart + Duration(123);
  world.states = {std::string("\0\xff\n", 3), ""};
  world.samples.resize(2);
  world.nodes.resize(2);
  directory.save_checkpoint({0, 0}, world);
  const auto back = directory.checkpoint({0, 0});
  ASSERT_TRUE(back);
  EXPECT_EQ(back->states, world.states);
  EXPECT_EQ(back->time, world.time);
  EXPECT_FALSE(directory.checkpoint({0, 1}));
}

TEST(RunDirectory, ADamagedCheckpointIsNone) {
  const TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  const std::string name = "checkpoints/unit-0000-00.state";
  WorldSnapshot world;
  world.states = {"weights"};
  directory.save_checkpoint({0, 0}, world);
  const std::string whole = directory.read(name);
  std::string flipped = whole;
  flipped.back() ^= 1;
  for (const std::string& damaged : {flipped, whole.substr(0, 40), whole.substr(0, 3),
                                     std::string(), std::string(99999, '\x81')}) {
    directory.write(name, damaged);
    EXPECT_FALSE(directory.checkpoint({0, 0}));
  }
}

TEST(RunDirectory, ADamagedUnitIsNamed) {
  const TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  directory.write("checkpoints/unit-0000-00.json", "{\"run\": 0");
  EXPECT_THROW(directory.units(), DataError);
}

TEST(RunDirectory, RefusesAFolderThatHoldsSomething) {
  const TemporaryFolder folder;
  write_file(folder / "thesis.tex", "years of work");
  EXPECT_THROW(RunDirectory::create(folder.path()), ScenarioError);
  EXPECT_THROW(RunDirectory::open(folder.path()), ScenarioError);
}

TEST(RunDirectory, SaysWhyItCannotWrite) {
  const TemporaryFolder folder;
  write_file(folder / "file", "");
  try {
    RunDirectory::create(folder / "file/run");
    FAIL();
  } catch (const RunError& problem) {
    EXPECT_THAT(problem.what(), testing::HasSubstr("cannot be written: Not a directory"));
  }
}

// What --set fixed is gone from the sweep, so that the stored scenario stands for the same runs.
TEST(RunDirectory, TheStoredScenarioStandsForTheSameRuns) {
  const Experiment first = experiment_of(R"(
workload: {kind: quadratic, updates: 2}
topology: {kind: cluster, machines: 2}
sweep: {network.kind: [ideal, queued], seed: [1, 2, 3], shape: [{name: a, topology.machines: [1, 2]}]}
)",
                                         {"seed=9", "topology.machines=3"});
  const Experiment again = experiment_of(write_yaml(first.scenario));
  ASSERT_EQ(first.runs.size(), 2u);
  ASSERT_EQ(again.runs.size(), first.runs.size());
  for (std::size_t i = 0; i < first.runs.size(); ++i) {
    EXPECT_EQ(again.runs[i].overrides, first.runs[i].overrides);
    EXPECT_EQ(to_json(again.runs[i].scenario), to_json(first.runs[i].scenario));
  }
}

}  // namespace
}  // namespace understudy
