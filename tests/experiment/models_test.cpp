// Models from files, weights that are kept, and training that ends early, in whole runs.
#include <gmock/gmock.h>

#include "results/summary/curve.hpp"
#include "runtime/learners/files/state_dictionary.hpp"
#include "runtime/workloads/weights_hash.hpp"
#include "tests/experiment/torch_support.hpp"

namespace understudy {
namespace {

const std::string kGolden = UNDERSTUDY_SOURCE_DIR "/tests/golden/torchscript/";
const std::string kScripted = R"(
seed: 5
topology: {kind: cluster, machines: 2, devices_per_machine: 2, device: rtx3080}
workload: {kind: image_classifier, dataset: fashion_mnist, batch: 16, epochs: 2, train_limit: 300, test_limit: 100,
           model: {kind: torchscript, file: )" +
                              kGolden +
                              R"(dropout.pt}, optimizer: {kind: sgd, lr: 0.05, momentum: 0.9}}
)";

std::string hash_of_file(const std::filesystem::path& file) {
  const StateDictionary kept = read_state_dictionary(file.string());
  return fmt::format("{:016x}", fnv1a(std::as_bytes(std::span(kept.values))));
}

TEST(Models, ScriptedOnesGiveTheSameBitsOverAgainAndFromSafePoints) {
  const Experiment experiment = experiment_of(kScripted);
  const auto once = run_all(experiment, training(1));
  const auto threaded = run_all(experiment, training(2));
  EXPECT_EQ(once[0].weights_hash, threaded[0].weights_hash);
  EXPECT_EQ(records_without_wall_time(once), records_without_wall_time(threaded));
  expect_the_same_from_all(experiment, 1);
}

// Times are computed without LibTorch from what the file tells.
TEST(Models, ScriptedOnesTakeTheTimeOfTheirReplay) {
  const Experiment experiment =
      experiment_of(kScripted + "sweep: {strategy.bucket: [1KiB, 1MiB]}\n");
  ExperimentOptions options = training();
  const auto replayed = run_all(experiment, options);
  ASSERT_TRUE(replayed[1].weights_of);
  options.retrain = true;
  const auto trained = run_all(experiment, options);
  EXPECT_EQ(replayed[1].time, trained[1].time);
  EXPECT_EQ(replayed[1].weights_hash, trained[1].weights_hash);
}

// What ends the training is the strategy's there.
const std::string kRounds = "workload.epochs=null";

TEST(Models, ScriptedOnesLearnUnderEachStrategy) {
  const std::string federated =
      "strategy={kind: federated, algorithm: fedavg, rounds: 3, local_epochs: 1}";
  const std::string gossip = "strategy={kind: gossip, rounds: 3, local_epochs: 1}";
  const std::vector<std::vector<std::string>> ways = {
      {},
      {federated, kRounds, "topology={kind: star, nodes: 3}"},
      {gossip, kRounds, "topology={kind: ring, nodes: 3}"}};
  for (const auto& sets : ways) {
    const auto units = run_all(experiment_of(kScripted, sets), training());
    EXPECT_FALSE(units[0].weights_hash.empty());
    const std::string metric = sets.empty() ? "test_loss" : "global_test_loss";
    EXPECT_LT(final_metrics(units[0]).at(metric), std::log(10.0)) << metric;
  }
}

TEST(Models, ScriptedOnesTeachAndAreTaught) {
  const std::string net = "{kind: torchscript, file: " + kGolden + "net.pt}";
  const Experiment experiment = experiment_of(
      "topology: {kind: mesh, nodes: 1, device: cpu}\n"
      "workload: {kind: knowledge_transfer, target: " +
      net + ", ensemble: [logistic, " + net +
      "], batch: 16, epochs: 2, train_limit: 200, test_limit: 100, transfer: bidirectional,\n"
      "           optimizer: {kind: sgd, lr: 0.05, momentum: 0.9},\n"
      "           member_optimizer: {kind: sgd, lr: 0.05}}\n");
  const auto metrics = final_metrics(run_all(experiment, training())[0]);
  EXPECT_GT(metrics.at("target_transfer_loss"), 0);
  EXPECT_LT(metrics.at("target_test_loss"), std::log(10.0));
}

// seven.pt answers in seven classes.
TEST(Models, ATeacherOfOtherClassesIsRefused) {
  const Experiment experiment = experiment_of(
      "workload: {kind: knowledge_transfer, target: logistic, ensemble: [{kind: torchscript, "
      "file: " +
      kGolden +
      "seven.pt}], train_limit: 100, test_limit: 10}\ntopology: {kind: mesh, nodes: 1}\n");
  EXPECT_THAT(
      [&] { run_all(experiment, training()); },
      testing::ThrowsMessage<DataError>(
          "member 0 of the ensemble: " + kGolden +
          "seven.pt: gives a tensor [2, 7] of Float for images [2, 1, 28, 28]; logits [2, 10] "
          "of Float belong, one for each class"));
}

// A run into a folder of its own.
struct KeptRun {
  explicit KeptRun(const std::vector<std::string>& sets, std::string yaml = kScripted) {
    DatasetCache datasets{DataPaths{}};
    ExperimentOptions options = training();
    options.datasets = &datasets;
    const RunDirectory directory = RunDirectory::create(folder / "run");
    units = run_experiment(experiment_of(yaml, sets), directory, options).units;
  }
  std::string file(const std::string& name) const {
    return (folder / "run" / "weights" / name).string();
  }
  TemporaryFolder folder;
  std::vector<Unit> units;
};

const std::string kLenet = "workload.model=lenet";

TEST(Models, WeightsAreKeptAsTheyEnd) {
  for (const std::string& model : {kLenet, std::string("workload.epochs=1")}) {
    const KeptRun run({model});
    EXPECT_EQ(hash_of_file(run.file("unit-0000-00.pt")), run.units[0].weights_hash);
  }
  const KeptRun none({kLenet, "keep_weights=none"});
  EXPECT_FALSE(std::filesystem::exists(none.folder / "run" / "weights"));
}

// A step that is too small for any weight leaves them as they were.
TEST(Models, KeptWeightsAreWhatOthersStartFrom) {
  const KeptRun first({kLenet});
  const KeptRun second(
      {"workload.model={kind: lenet, weights: " + first.file("unit-0000-00.pt") + "}",
       "workload.epochs=1", "workload.optimizer.lr=1e-30"});
  EXPECT_EQ(second.units[0].weights_hash, first.units[0].weights_hash);
}

TEST(Models, WeightsOfAFederationAndOfATransferAreKept) {
  const KeptRun federation({kLenet, kRounds,
                            "strategy={kind: federated, algorithm: fedavg, rounds: 1, "
                            "local_steps: 1}",
                            "topology={kind: star, nodes: 3}"});
  EXPECT_EQ(hash_of_file(federation.file("unit-0000-00.pt")), federation.units[0].weights_hash);
  const KeptRun transfer(
      {},
      "topology: {kind: mesh, nodes: 2}\nstrategy: {kind: transfer}\n"
      "workload: {kind: knowledge_transfer, target: lenet, ensemble: [logistic], train_limit: 100,"
      " test_limit: 10}\n");
  EXPECT_EQ(hash_of_file(transfer.file("unit-0000-00-target.pt")), transfer.units[0].weights_hash);
  EXPECT_EQ(read_state_dictionary(transfer.file("unit-0000-00-member_0.pt")).values.size(), 7850u);
}

// With steps of next to nothing the first validation loss stays the least.
const std::vector<std::string> kIdle = {kLenet, "workload.optimizer.lr=1e-30",
                                        "workload.validation=20%", "workload.epochs=9",
                                        "workload.early_stopping={patience: 2}"};

TEST(Models, TrainingEndsEarlyAndItsReplaysWithIt) {
  std::vector<std::string> sets = kIdle;
  sets.emplace_back("sweep={network.kind: [ideal, queued]}");
  ExperimentOptions options = training();
  const auto replayed = run_all(experiment_of(kScripted, sets), options);
  // 240 samples are 60 for each node: 4 updates in each of 3 epochs.
  EXPECT_EQ(replayed[0].updates, 12);
  ASSERT_TRUE(replayed[1].weights_of);
  EXPECT_EQ(replayed[1].updates, 12);
  options.retrain = true;
  const auto trained = run_all(experiment_of(kScripted, sets), options);
  EXPECT_EQ(trained[1].time, replayed[1].time);
  EXPECT_EQ(records_without_wall_time({trained[0]}), records_without_wall_time({replayed[0]}));
  expect_the_same_from_all(experiment_of(kScripted, kIdle), 2);
}

// Steps that are too large: the loss soon rises. A run that ends at the best update ends with the best.
TEST(Models, TheBestWeightsAreThoseOfTheLeastValidationLoss) {
  const std::vector<std::string> sets = {kLenet, "workload.optimizer.lr=0.3",
                                         "workload.validation=20%", "workload.evaluate_every=1",
                                         "keep_weights=best"};
  const KeptRun run(sets);
  int best = 0;
  double least = 1e9;
  for (const Sample& sample : run.units[0].samples[0]) {
    if (sample.name != "validation_loss" || sample.value >= least) continue;
    least = sample.value;
    best = *sample.position.step;
  }
  ASSERT_GT(best, 0);
  ASSERT_LT(best, run.units[0].updates);
  std::vector<std::string> shorter = sets;
  shorter.emplace_back("workload.epochs=null");
  shorter.push_back("workload.updates=" + std::to_string(best));
  const KeptRun until_best(shorter);
  EXPECT_EQ(hash_of_file(run.file("unit-0000-00-best.pt")), until_best.units[0].weights_hash);
  EXPECT_NE(hash_of_file(run.file("unit-0000-00.pt")), until_best.units[0].weights_hash);
}

}  // namespace
}  // namespace understudy
