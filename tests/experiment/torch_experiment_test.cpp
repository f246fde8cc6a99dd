// Real training, many ways: the weights never depend on how it was run.
#include "tests/experiment/torch_support.hpp"

namespace understudy {
namespace {

const std::string kLenet = R"(
seed: 5
topology: {kind: cluster, machines: 2, devices_per_machine: 2, device: rtx3080}
workload: {kind: image_classifier, dataset: fashion_mnist, model: lenet, batch: 16, epochs: 2, train_limit: 300,
           test_limit: 100, dropout: 0.2, optimizer: {kind: sgd, lr: 0.05, momentum: 0.9}}
)";

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

// The last two of four, which the model was made without.
TEST(TorchExperiment, NewcomersAreScoredApart) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: star, nodes: 4, device: cpu}
workload: {kind: image_classifier, dataset: fashion_mnist, model: logistic, batch: 10, train_limit: 200,
           test_limit: 200}
strategy: {kind: federated, rounds: 2, lr: 0.05, availability: {kind: newcomers, share: 50%, from_round: 3}}
)");
  const Unit unit = run_all(experiment, training()).at(0);
  const auto& all = unit.client_scores.at("personal_test_accuracy_mean");
  const auto& newcomers = unit.client_scores.at("newcomer_test_accuracy_mean");
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(newcomers, std::vector<double>(all.begin() + 2, all.end()));
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

// From the safe point after each epoch, through a checkpoint on disk. Where messages queue, it
// matters in which order nodes go on.
TEST(TorchExperiment, ResumingGivesTheSameBits) {
  const std::vector<std::vector<std::string>> worlds = {
      {},
      {"topology={kind: tree, nodes: 6, bandwidth: 100Mbit/s, latency: 5ms}", "network.kind=queued",
       "strategy={kind: allreduce, collective: tree, overlap: false, bucket: 40KiB}"},
      {"topology={kind: cluster, machines: 4, devices_per_machine: 3, inter: {latency: 5ms}, "
       "server: true}",
       "network.kind=queued",
       "strategy={kind: allreduce, collective: halving_doubling, bucket: 1MiB}",
       "workload.evaluate_every=1"}};
  for (const auto& sets : worlds) expect_the_same_from_all(experiment_of(kLenet, sets), 1);
}

TEST(TorchExperiment, ImagesOfAnotherShapeAreRefused) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "mnist");
  for (const std::string part : {"train", "t10k"}) {
    write_file(folder / "mnist" / (part + "-images-idx3-ubyte"),
               idx_bytes({4, 14, 56}, std::string(4 * 784, '\0')));
    write_file(folder / "mnist" / (part + "-labels-idx1-ubyte"),
               idx_bytes({4}, std::string(4, '\1')));
  }
  const Experiment experiment =
      experiment_of("workload: {kind: image_classifier, dataset: mnist, model: lenet}\n");
  DatasetCache datasets({.data_dir = folder.path()});
  UnitTask task;
  task.scenario = &experiment.runs[0].scenario;
  task.make_learner = training().make_learner;
  task.datasets = &datasets;
  EXPECT_THAT([&] { run_unit(task); },
              testing::ThrowsMessage<DataError>(
                  "the images of mnist are 14x56, and the model lenet takes 28x28 or more; "
                  "workload.image_size pads them"));
}

}  // namespace
}  // namespace understudy
