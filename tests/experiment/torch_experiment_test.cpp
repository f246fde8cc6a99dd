// Real training, many ways: the weights never depend on how it was run.
#include "runtime/learners/torch/torch_learner.hpp"
#include "tests/experiment/support.hpp"

namespace understudy {
namespace {

const std::string kLenet = R"(
seed: 5
topology: {kind: cluster, machines: 2, devices_per_machine: 2, device: rtx3080}
workload: {kind: image_classifier, dataset: fashion_mnist, model: lenet, batch: 16, epochs: 2, train_limit: 300,
           test_limit: 100, dropout: 0.2, optimizer: {kind: sgd, lr: 0.05, momentum: 0.9}}
)";

ExperimentOptions training(int jobs = 1) {
  ExperimentOptions options{.jobs = jobs};
  options.make_learner = [](const Model& model) { return make_torch_learner(model); };
  return options;
}

TEST(TorchExperiment, WeightsDoNotDependOnNetworkOrTopology) {
  const Experiment experiment = experiment_of(
      kLenet +
      "sweep: [{network.kind: [ideal, queued]}, {strategy.bucket: [1KiB, 10KB]}, "
      "{strategy.overlap: false}, {topology: [{kind: mesh, nodes: 4}, {kind: ring, nodes: 4}]}]\n");
  ExperimentOptions options = training();
  options.retrain = true;
  const auto units = run_all(experiment, options);
  ASSERT_EQ(units.size(), 7u);
  for (const Unit& unit : units) EXPECT_EQ(unit.weights_hash, units[0].weights_hash);
}

TEST(TorchExperiment, WeightsAddedInOrderDoNotDependOnTheCollective) {
  const Experiment experiment = experiment_of(
      kLenet +
      "strategy: {kind: allreduce, reduction: ordered, collective: tree}\n"
      "sweep: {strategy.collective: [tree, halving_doubling, parameter_server, hierarchical]}\n");
  ExperimentOptions options = training();
  options.retrain = true;
  const auto units = run_all(experiment, options);
  ASSERT_EQ(units.size(), 4u);
  for (const Unit& unit : units) EXPECT_EQ(unit.weights_hash, units[0].weights_hash);
}

TEST(TorchExperiment, RecordsDependOnNeitherThreadsNorTheDay) {
  const Experiment experiment = experiment_of(kLenet + "repeats: 2\n");
  const auto once = run_all(experiment, training(1));
  const auto again = run_all(experiment, training(1));
  const auto threaded = run_all(experiment, training(2));
  EXPECT_EQ(once[0].weights_hash, again[0].weights_hash);
  EXPECT_EQ(once[0].weights_hash, threaded[0].weights_hash);
  EXPECT_NE(once[0].weights_hash, once[1].weights_hash);
  EXPECT_EQ(records_without_wall_time(once), records_without_wall_time(again));
  EXPECT_EQ(records_without_wall_time(once), records_without_wall_time(threaded));
}

// Two of four workers have a share of the two test samples; a replay's workers record as they did.
TEST(TorchExperiment, ReplaysOfShardsRecordWhatWasRecorded) {
  const Experiment experiment = experiment_of(
      kLenet + "sweep: {network.kind: [ideal, queued]}\n",
      {"workload.evaluation=per_shard", "workload.test_limit=2", "workload.epochs=1"});
  const auto units = run_all(experiment, training());
  ASSERT_EQ(units.size(), 2u);
  ASSERT_TRUE(units[1].weights_of);
  for (std::size_t node = 0; node < 4; ++node) {
    ASSERT_EQ(units[1].samples[node].size(), units[0].samples[node].size());
    for (std::size_t i = 0; i < units[0].samples[node].size(); ++i)
      EXPECT_EQ(units[1].samples[node][i].value, units[0].samples[node][i].value);
  }
}

// From the safe point after the first epoch, through a checkpoint on disk.
TEST(TorchExperiment, ResumingGivesTheSameBits) {
  const Experiment experiment = experiment_of(kLenet);
  const TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  DatasetCache datasets{DataPaths{}};
  UnitTask task;
  task.scenario = &experiment.runs[0].scenario;
  task.make_learner = training().make_learner;
  task.datasets = &datasets;
  int safe_points = 0;
  task.on_safe_point = [&](const WorldSnapshot& world) {
    ++safe_points;
    directory.save_checkpoint({0, 0}, world);
  };
  const Unit whole = run_unit(task);
  ASSERT_EQ(safe_points, 1);
  const auto checkpoint = directory.checkpoint({0, 0});
  ASSERT_TRUE(checkpoint);
  task.resume = &*checkpoint;
  const Unit resumed = run_unit(task);
  EXPECT_EQ(safe_points, 1);  // the second half only
  EXPECT_EQ(resumed.weights_hash, whole.weights_hash);
  EXPECT_EQ(resumed.time, whole.time);
  EXPECT_EQ(records_without_wall_time({resumed}), records_without_wall_time({whole}));
}

}  // namespace
}  // namespace understudy
