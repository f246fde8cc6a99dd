// Logistic regression on a table, trained by several nodes that hold a shard each, as a scenario states
// it.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/file_path.hpp"
#include "runtime/base/units.hpp"
#include "runtime/data/partition_config.hpp"
#include "runtime/data/preprocess_config.hpp"
#include "runtime/data/tabular_dataset.hpp"
#include "runtime/workloads/shard_config.hpp"

namespace understudy {

// Rounds of federated averaging (McMahan et al., 2017) in which every node trains. Metrics per round
// on the server: train_loss and test_log_loss, test_accuracy, test_auc, test_true_positives and the
// like, the same of the test part for the central optimum (baseline_*), women_survive_accuracy,
// answers (nodes whose weights count) and, of each node, shard_samples.
struct LogisticRegressionConfig {
  std::string dataset = "titanic";
  FilePath file{};  // a CSV like it, instead of the data set
  RowSelection rows = RowSelection::kPassengers;
  MissingValues missing = MissingValues::kMedian;
  Encoding encoding = Encoding::kOneHot;
  std::string features = "all";  // or pca1 .. pca16: so many principal components
  FeatureOrder order = FeatureOrder::kScaleThenPca;
  FitOn fit = FitOn::kTrainingPart;
  double test_share = 0.2;
  PartitionConfig partition = IidPartition{};
  ShardPath shard = ShardPath::kStreamed;
  SampleElement element = SampleElement::kFloat32;
  int epochs = 1;  // of each node in a round
  int batch = 32;  // samples
  double lr = 0.1;
  double l2 = 0;
  UpdateRule update = UpdateRule::kPerBatch;
  int rounds = 10;
  // A round ends when every node has answered, or at its deadline if so many have.
  std::optional<Duration> deadline{};
  std::optional<int> quorum{};  // default: all
};

}  // namespace understudy
