// Records of finished repeats that do not fit the scenario are named, never computed with; nor are
// checkpoints, and the data are asked for before anything is made.
#include "results/experiment/check_units.hpp"

#include <functional>
#include <nlohmann/json.hpp>

#include "results/experiment/check_data.hpp"
#include "results/experiment/provenance.hpp"
#include "runtime/base/errors.hpp"
#include "tests/experiment/support.hpp"

namespace understudy {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::ordered_json;

const std::string kTwoRuns = R"(
repeats: 2
topology: {kind: cluster, machines: 2}
workload: {kind: quadratic, a: [1, 3], b: [2, 0], start: 1, updates: 5, optimizer: {kind: sgd, lr: 0.1}}
sweep: {network.kind: [ideal, queued]}
)";

class CheckUnits : public testing::Test {
 protected:
  void SetUp() override { run_experiment(experiment_, directory_, {}); }

  // What checking says once a record has been altered.
  std::string said(const std::function<void(Json&)>& alter) const {
    const std::string name = "checkpoints/unit-0001-00.json";
    const std::string before = directory_.read(name);
    Json json = Json::parse(before);
    alter(json);
    directory_.write(name, json.dump());
    const std::string sentence = said(experiment_);
    directory_.write(name, before);
    return sentence;
  }
  std::string said(const Experiment& experiment) const {
    return data_error([&] { check_units(directory_, experiment, directory_.units()); });
  }

  Experiment experiment_ = experiment_of(kTwoRuns);
  TemporaryFolder folder_;
  RunDirectory directory_ = RunDirectory::create(folder_ / "run");
};

TEST_F(CheckUnits, PassesWhatARunLeft) { EXPECT_EQ(said(experiment_), ""); }

TEST_F(CheckUnits, NamesTheFileAndWhatDoesNotFit) {
  const std::vector<std::pair<std::function<void(Json&)>, std::string>> cases = {
      {[](Json& j) { j["run"] = 0; }, "whose name is another"},
      {[](Json& j) { j["run"] = -1; }, "whose name is another"},
      {[](Json& j) { j["seed"] = 77; }, "has another seed than the scenario's"},
      {[](Json& j) { j["scenario_hash"] = "0"; }, "is of another scenario than"},
      {[](Json& j) { j["places"].erase(1); }, "holds 1 places where the topology has 2 places"},
      {[](Json& j) { j["places"][1][0] = 9; }, "places rank 1 elsewhere"},
      {[](Json& j) { j["world"]["nodes"].erase(0); }, "holds 1 nodes"},
      {[](Json& j) { j["world"]["samples"].push_back(Json::array()); }, "3 lists of samples"},
      {[](Json& j) { j["world"]["links"].clear(); }, "holds 0 links where the topology has 4"},
      {[](Json& j) { j["world"]["time"] = -5; }, "ends before its start"},
      {[](Json& j) { j["world"]["samples"][0][0][0] = -5; }, "outside of its time"},
      {[](Json& j) { j["updates"] = -1; }, "fewer than no updates"},
      {[](Json& j) { j["train_samples"] = 10; }, "has samples where the workload reads none"},
      {[](Json& j) { j["wall_s"] = -1; }, "less than no time"},
      {[](Json& j) { j.erase("seed"); }, "is no record of a finished repeat: key 'seed' not found"},
  };
  for (const auto& [alter, fault] : cases) {
    EXPECT_THAT(said(alter), AllOf(HasSubstr("unit-0001-00.json: "), HasSubstr(fault),
                                   Not(HasSubstr("json.exception"))));
  }
}

TEST_F(CheckUnits, NoticesAnEditedScenario) {
  EXPECT_THAT(said(experiment_of(kTwoRuns, {"workload.updates=6"})), HasSubstr("another scenario"));
  EXPECT_THAT(said(experiment_of(kTwoRuns, {"sweep={network.kind: [queued, ideal]}"})),
              HasSubstr("another scenario"));
  EXPECT_THAT(said(experiment_of(kTwoRuns, {"repeats=1"})),
              HasSubstr("a repeat that the scenario"));
  EXPECT_THAT(said(experiment_of(kTwoRuns, {"network.kind=ideal"})),
              HasSubstr("a run that the scenario does not have"));
  EXPECT_EQ(said(experiment_of(kTwoRuns, {"report.question=Why?", "name=x"})), "");
}

TEST_F(CheckUnits, ARunThatGoesOnChecksThem) {
  EXPECT_THROW(run_experiment(experiment_of(kTwoRuns, {"seed=2"}), directory_, {}), DataError);
}

// As after a re-timing: only what trained itself says anything about the weights.
TEST_F(CheckUnits, RetrainingTrainsWhatWasOnlyRetimed) {
  std::vector<Unit> units = directory_.units();
  ASSERT_TRUE(units[2].weights_of);
  units = run_experiment(experiment_, directory_, {.retrain = true}).units;
  for (const Unit& unit : units) EXPECT_FALSE(unit.weights_of);
}

TEST(Checkpoints, ThatDoNotFitTheWorldAreNone) {
  const Experiment experiment = experiment_of(kTwoRuns);
  UnitTask task;
  task.scenario = &experiment.runs[0].scenario;
  const Unit whole = run_unit(task);
  WorldSnapshot of_none, before_the_start;
  before_the_start.time = kStart - Duration(1);
  before_the_start.states.resize(2);
  before_the_start.samples.resize(2);
  before_the_start.nodes.resize(2);
  before_the_start.links.resize(4);
  for (const WorldSnapshot* world : {&of_none, &before_the_start}) {
    task.resume = world;
    EXPECT_EQ(records_without_wall_time({run_unit(task)}), records_without_wall_time({whole}));
  }
}

const std::string kClassifier = R"(
topology: {kind: cluster, machines: 2}
workload: {kind: image_classifier, dataset: fashion_mnist, model: logistic}
)";

// Three images of 28 x 28 are all there is.
class CheckData : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string part : {"train", "t10k"}) {
      const auto folder = folder_ / "fashion-mnist";
      write_file(folder / (part + "-images-idx3-ubyte"),
                 idx_bytes({3, 28, 28}, std::string(2352, 'a')));
      write_file(folder / (part + "-labels-idx1-ubyte"), idx_bytes({3}, std::string(3, '\1')));
    }
  }
  std::string said(const std::vector<std::string>& sets) const {
    DatasetCache datasets{DataPaths{folder_.path()}};
    try {
      check_data(experiment_of(kClassifier, sets), datasets);
    } catch (const Error& problem) {
      EXPECT_EQ(problem.exit_code(), ExitCode::kUsage);
      return problem.what();
    }
    return "";
  }
  TemporaryFolder folder_;
};

TEST_F(CheckData, NamesThePlace) {
  EXPECT_EQ(said({}), "");
  EXPECT_THAT(said({"workload.train_limit=4"}), HasSubstr("--set workload.train_limit: 4 samples"));
  EXPECT_THAT(said({"workload.test_limit=4"}), HasSubstr("--set workload.test_limit: 4 samples"));
  EXPECT_THAT(said({"topology.machines=4"}),
              HasSubstr(".yaml:2:topology: 4 workers are more than the 3 samples"));
  EXPECT_THAT(said({"sweep={topology.machines: [1, 4]}"}),
              HasSubstr("(in the run with topology.machines: 4)"));
}

TEST_F(CheckData, NamesTheDataSetThatIsDamaged) {
  write_file(folder_ / "fashion-mnist" / "train-labels-idx1-ubyte", "rubbish");
  EXPECT_THAT(said({"workload.train_limit=2"}), HasSubstr(".yaml:3:workload.dataset: "));
}

TEST(RunDirectoryLock, KeepsOtherWritersOut) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::function<void()>& open) {
    try {
      open();
    } catch (const RunError& problem) {
      return std::string(problem.what()).ends_with("run: is in use by another process");
    }
    return false;
  };
  {
    const RunDirectory directory = RunDirectory::create(folder / "run");
    directory.write("scenario.yaml", "");
    EXPECT_TRUE(refused([&] { RunDirectory::create(folder / "run"); }));
    EXPECT_TRUE(refused([&] { RunDirectory::open(folder / "run"); }));
    RunDirectory::open(folder / "run", RunDirectory::Access::kRead);
  }
  RunDirectory::open(folder / "run");
  EXPECT_THROW(RunDirectory::create(folder / "run"), ScenarioError);  // it holds something
}

TEST(Provenance, NamesTheLibrariesOfEveryProgram) {
  const Json json = run_json({.libraries = {{"libtorch", "1.2"}}}, ExitCode::kDone);
  for (const char* name :
       {"boost", "fmt", "libtorch", "nlohmann_json", "spdlog", "yaml-cpp", "zlib"})
    EXPECT_THAT(json["libraries"].at(name).get<std::string>(),
                testing::ContainsRegex("^[0-9]+\\."));
}

}  // namespace
}  // namespace understudy
