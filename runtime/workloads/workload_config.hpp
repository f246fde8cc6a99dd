// Workloads as a scenario states them. One file per workload builds learner, data and metrics from
// these.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/units.hpp"
#include "runtime/data/label_noise.hpp"
#include "runtime/data/sampler_config.hpp"
#include "runtime/learners/model_config.hpp"
#include "runtime/training/early_stopping_config.hpp"
#include "runtime/training/optimizer_config.hpp"
#include "runtime/workloads/image_input.hpp"
#include "runtime/workloads/knowledge_transfer_config.hpp"
#include "runtime/workloads/logistic_regression_config.hpp"

namespace understudy {

enum class BatchScope { kPerNode, kGlobal };
enum class EvaluationScope { kWhole, kPerShard };

// A classifier of images, trained from data. One of epochs and updates ends it.
struct ImageClassifierConfig : ImageInput {
  ModelConfig model;
  int batch = 64;  // samples
  BatchScope batch_scope = BatchScope::kPerNode;
  std::optional<double> epochs;  // default 1
  std::optional<int> updates;
  double dropout = 0;     // 0..1
  double validation = 0;  // share of the training samples that nothing is trained on
  std::optional<EarlyStoppingConfig> early_stopping;  // by those
  OptimizerConfig optimizer = SgdConfig{};
  ScheduleConfig schedule = ConstantSchedule{};
  LrScaling lr_scaling = LrScaling::kNone;
  SamplerConfig sampler;
  EvaluationScope evaluation = EvaluationScope::kWhole;
  // Updates between evaluations, 0: after each epoch. Under federated and gossip: rounds, 0: each.
  int evaluate_every = 0;
  PartitionConfig partition = IidPartition{};     // under federated and gossip
  LabelNoiseConfig label_noise = NoLabelNoise{};  // of training samples
};

// One all-reduce by itself, as nccl-tests runs it. Metrics per iteration: collective_time_s,
// algorithm_bandwidth and bus_bandwidth in bytes/s (bus: x 2(n-1)/n).
struct CollectiveBenchmarkConfig {
  Bytes bytes{100'000'000};
  int iterations = 1;
};

struct FlowConfig {
  int from = 0;  // ranks
  int to = 1;
  Bytes bytes{1'000'000};
  Duration start{0};
  std::optional<Duration> deadline{};  // after its start; what has not arrived by then is given up
};
// Flows between nodes. Metrics per flow: start_s, delivered (1 or 0), and where it is, finish_s and
// rate in bytes/s.
struct TrafficConfig {
  std::vector<FlowConfig> flows;
};

// f_i(x) = a_i/2 (x - b_i)^2 on node i: the learner whose every trajectory has a closed form.
// Metric x per round.
struct QuadraticConfig {
  std::vector<double> a{1};
  std::vector<double> b{0};
  double start = 0;
  int layers = 1;  // under federated and gossip: x has so many values, each a layer, all alike
  int updates = 10;
  OptimizerConfig optimizer = SgdConfig{.lr = 0.1};
};

using WorkloadConfig =
    std::variant<ImageClassifierConfig, CollectiveBenchmarkConfig, TrafficConfig, QuadraticConfig,
                 LogisticRegressionConfig, KnowledgeTransferConfig>;

// nullptr where it trains on no images.
const ImageInput* images_of(const WorkloadConfig& config);

}  // namespace understudy
