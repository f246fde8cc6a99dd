// Logistic regression as a scenario: equal to central training, the same bits again, what its records
// say.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "results/summary/curve.hpp"
#include "runtime/base/errors.hpp"
#include "runtime/data/classification_metrics.hpp"
#include "runtime/data/preprocess.hpp"
#include "runtime/learners/logistic_optimum.hpp"
#include "tests/experiment/support.hpp"
#include "tests/workloads/shards.hpp"

namespace understudy {
namespace {

std::string scenario(int nodes, const std::string& workload, const std::string& more = "") {
  return fmt::format(
      "seed: 3\ntopology: {{kind: star, nodes: {}}}\nnetwork: {{kind: ideal}}\n"
      "workload: {{kind: logistic_regression{}{}}}\n{}",
      nodes, workload.empty() ? "" : ", ", workload, more);
}
std::map<std::string, double> final_of(const std::string& yaml) {
  return final_metrics(run_all(experiment_of(yaml)).at(0));
}

// As the workload prepares them.
PreparedData passengers(std::uint64_t seed) {
  return prepare(titanic_table(builtin_titanic(), RowSelection::kPassengers), {},
                 RandomStream({.seed = seed, .node = UINT32_MAX, .purpose = Purpose::kData}));
}

// A full batch on every shard: the mean weighted by samples is a step down the gradient of all.
TEST(LogisticRegression, FullBatchesOverShardsAreCentralGradientDescent) {
  const PreparedData data = passengers(3);
  std::vector<float> weights(data.train.features + 1);
  for (int round = 0; round < 20; ++round)
    weights = train_on_shard(data.train, {.epochs = 1, .batch = 65535, .rate = 0.5f}, weights);
  const std::vector<double> w(weights.begin(), weights.end());
  const auto central = classification_metrics(logits(w, data.train.values), data.train.labels);
  for (const int nodes : {1, 2, 4}) {
    const auto final = final_of(scenario(nodes, "epochs: 1, batch: 65535, lr: 0.5, rounds: 20"));
    EXPECT_NEAR(final.at("train_loss"), central.log_loss, 1e-6) << nodes;
  }
}

// A node that holds everything is central training to the bit: so is its loss.
TEST(LogisticRegression, OneNodeTrainsAsTheHostDoes) {
  const PreparedData data = passengers(3);
  std::vector<float> weights(data.train.features + 1);
  for (int round = 0; round < 5; ++round) {
    weights =
        train_on_shard(data.train, {.epochs = 2, .batch = 16, .rate = 0.1f, .l2 = 0.01f}, weights);
  }
  const std::vector<double> w(weights.begin(), weights.end());
  const auto final = final_of(scenario(1, "epochs: 2, batch: 16, lr: 0.1, l2: 0.01, rounds: 5"));
  EXPECT_EQ(final.at("train_loss"),
            classification_metrics(logits(w, data.train.values), data.train.labels).log_loss);
}

// Long enough, full batches reach the optimum that Newton's method finds.
TEST(LogisticRegression, ConvergesToTheBaseline) {
  const auto final =
      final_of(scenario(4, "epochs: 1, batch: 65535, lr: 1, l2: 0.01, rounds: 2000"));
  EXPECT_NEAR(final.at("test_log_loss"), final.at("baseline_log_loss"), 1e-5);
  EXPECT_NEAR(final.at("test_auc"), final.at("baseline_auc"), 1e-4);
  EXPECT_EQ(final.at("test_accuracy"), final.at("baseline_accuracy"));
}

TEST(LogisticRegression, RecordsWhatItMeasures) {
  const Experiment experiment = experiment_of(scenario(4, "rounds: 3"));
  const Unit unit = run_all(experiment).at(0);
  EXPECT_EQ(unit.data_sizes.train + unit.data_sizes.test, 1317u);
  EXPECT_EQ(unit.updates, 3);
  EXPECT_FALSE(unit.weights_hash.empty());
  EXPECT_EQ(unit.notice, "");
  const auto& hub = unit.samples.at(4);
  EXPECT_EQ(std::count_if(hub.begin(), hub.end(),
                          [](const Sample& s) { return s.name == "test_accuracy"; }),
            3);
  const auto final = final_metrics(unit);
  const double tp = final.at("test_true_positives"), fp = final.at("test_false_positives");
  const double tn = final.at("test_true_negatives"), fn = final.at("test_false_negatives");
  EXPECT_EQ(tp + fp + tn + fn, static_cast<double>(unit.data_sizes.test));
  EXPECT_DOUBLE_EQ(final.at("test_accuracy"), (tp + tn) / (tp + tn + fp + fn));
  EXPECT_EQ(final.at("answers"), 4);
  EXPECT_DOUBLE_EQ(4 * final.at("shard_samples"), static_cast<double>(unit.data_sizes.train));
}

TEST(LogisticRegression, TheSameBitsAgainAndUnderEveryNetwork) {
  const std::string yaml =
      scenario(4, "element: int8, partition: {kind: dirichlet, alpha: 0.5}",
               "repeats: 2\nsweep: {network.kind: [ideal, queued, fair_share]}");
  const auto shared = run_all(experiment_of(yaml));
  const auto trained = run_all(experiment_of(yaml), {.jobs = 4, .retrain = true});
  ASSERT_EQ(shared.size(), 6u);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(shared[i].weights_hash, trained[i].weights_hash);
  EXPECT_NE(shared[0].weights_hash, shared[1].weights_hash);
  EXPECT_TRUE(shared[2].weights_of.has_value());
  EXPECT_EQ(records_without_wall_time(shared), records_without_wall_time(trained));
}

// Without a node that serves, rank 0 does, beside its own shard: the same weights.
TEST(LogisticRegression, Rank0ServesWhereNoOtherDoes) {
  const std::string star = scenario(4, "rounds: 4");
  std::string mesh = star;
  mesh.replace(mesh.find("star"), 4, "mesh");
  EXPECT_EQ(run_all(experiment_of(star)).at(0).weights_hash,
            run_all(experiment_of(mesh)).at(0).weights_hash);
}

TEST(LogisticRegression, ElementsCostLittleAndInt16Less) {
  const auto loss = [](const std::string& element) {
    return final_of(scenario(4, "rounds: 20, element: " + element)).at("train_loss");
  };
  const double exact = loss("float32");
  EXPECT_NE(loss("int8"), exact);
  EXPECT_NEAR(loss("int16"), exact, 1e-5);
  EXPECT_NEAR(loss("int8"), exact, 1e-3);
}

TEST(LogisticRegression, WhatWasPublishedIsLabelled) {
  const auto notice = [](const std::string& workload) {
    return run_all(experiment_of(scenario(2, workload))).at(0).notice;
  };
  EXPECT_THAT(notice("fit: all_data"), testing::HasSubstr("test part included, as published"));
  EXPECT_THAT(notice("features: pca4, order: pca_then_scale"),
              testing::HasSubstr("before scaling, as published"));
  EXPECT_EQ(notice("features: pca4"), "");
}

// Who is in time, the network decides.
TEST(LogisticRegression, WithADeadlineRunsShareNoWeights) {
  const Experiment experiment = experiment_of(
      scenario(2, "deadline: 10s, quorum: 1", "sweep: {topology.latency: [1ms, 2s]}"));
  EXPECT_EQ(weight_groups(experiment.runs), (std::vector<std::size_t>{0, 1}));
  const auto units = run_all(experiment);
  EXPECT_EQ(final_metrics(units[0]).at("answers"), 2);
}

// There and back takes 12 s: nobody is in time.
TEST(LogisticRegression, ARoundWithoutItsQuorumFailsTheRun) {
  const Experiment experiment =
      experiment_of(scenario(2, "deadline: 10s, quorum: 1", "sweep: {topology.latency: [6s]}"));
  EXPECT_THROW(run_all(experiment), RunError);
}

TEST(LogisticRegression, AFileOfOnesOwn) {
  const TemporaryFolder folder;
  std::string csv = "Survived,Pclass,Sex,Age,SibSp,Parch,Fare,Embarked\n";
  for (int i = 0; i < 40; ++i) {
    csv += fmt::format("{},{},{},{},{},0,{},S\n", i % 3 == 0 ? 1 : 0, i % 3 + 1,
                       i % 2 == 0 ? "male" : "female", 20 + i, i % 4, 7.5 + i);
  }
  write_file(folder / "train.csv", csv);
  const std::string yaml =
      scenario(2, "file: " + (folder / "train.csv").string() + ", encoding: ordinal");
  const Unit unit = run_all(experiment_of(yaml)).at(0);
  EXPECT_EQ(unit.data_sizes.train + unit.data_sizes.test, 40u);
  csv.replace(csv.find(",20,"), 4, ",old,");
  write_file(folder / "train.csv", csv);
  const std::string error = data_error([&] { run_all(experiment_of(yaml)); });
  EXPECT_THAT(error, testing::EndsWith("train.csv:2:4: the age 'old' is no number from 0 to 1e6"));
}

TEST(LogisticRegression, MoreNodesThanSamples) {
  EXPECT_EQ(data_error([] { run_all(experiment_of(scenario(1100, ""))); }),
            "1054 samples are fewer than the 1100 shards");
}

}  // namespace
}  // namespace understudy
