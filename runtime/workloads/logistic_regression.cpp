// Logistic regression on a table, by federated averaging over nodes that hold a shard each.
#include <charconv>

#include "firmware/kernel.h"
#include "runtime/data/classification_metrics.hpp"
#include "runtime/data/partition.hpp"
#include "runtime/learners/logistic_optimum.hpp"
#include "runtime/workloads/averaging.hpp"
#include "runtime/workloads/board_trainer.hpp"
#include "runtime/workloads/host_trainer.hpp"
#include "runtime/workloads/weights_hash.hpp"
#include "runtime/workloads/workloads.hpp"

namespace understudy {
namespace {

PreprocessConfig preprocessing_of(const LogisticRegressionConfig& c) {
  PreprocessConfig out{c.missing, c.encoding, 0, c.order, c.fit, c.test_share};
  constexpr std::string_view kComponents = "pca";
  if (c.features.starts_with(kComponents)) {
    const char* end = c.features.data() + c.features.size();
    std::from_chars(c.features.data() + kComponents.size(), end, out.components);
  }
  return out;
}

RandomStream stream(std::uint64_t seed, Purpose purpose) {
  return RandomStream({.seed = seed, .node = UINT32_MAX, .purpose = purpose});
}

class LogisticRegression final : public Workload {
 public:
  LogisticRegression(const LogisticRegressionConfig& config, WorkloadParts parts)
      : config_(config),
        parts_(std::move(parts)),
        table_(
            titanic_table(config.file.path.empty() ? builtin_titanic() : read_csv(config.file.path),
                          config.rows)),
        data_(prepare(table_, preprocessing_of(config), stream(parts_.seed, Purpose::kData))) {
    if (data_.train.features > kernel::kMostFeatures) {
      throw DataError(fmt::format("{} features are more than the {} that a board holds ({})",
                                  data_.train.features, kernel::kMostFeatures,
                                  fmt::join(data_.features, ", ")));
    }
    const auto shards = partition(config.partition, {data_.train.labels}, parts_.members.size(),
                                  stream(parts_.seed, Purpose::kPartition));
    for (std::size_t i = 0; i < shards.size(); ++i) {
      shards_.push_back(encode(select(data_.train, shards[i]), config.element));
    }
    measure_baselines();
  }

  Task<> run(Node& node) override {
    const AveragingJob job = make_job();
    std::unique_ptr<ShardTrainer> trainer;
    std::vector<Spawned<>> parts;
    if (node.rank() == job.server) {
      parts.push_back(node.spawn(serve_rounds(
          node, job, [this, &node](const RoundEnd& end) { return observe(node, end); })));
    }
    const auto& workers = parts_.members.members;
    const auto found = std::lower_bound(workers.begin(), workers.end(), node.rank());
    if (found != workers.end() && *found == node.rank()) {
      const auto index = static_cast<std::size_t>(found - workers.begin());
      node.record("shard_samples", shards_[index].samples());
      trainer = make_trainer(node, shards_[index]);
      parts.push_back(node.spawn(work_rounds(node, job, *trainer, training())));
    }
    co_await when_all(std::move(parts));
    if (node.board() == nullptr) co_return;
    for (const Measurement& m : node.board()->measurements())
      node.record(m.name, m.value, {}, MetricKind::kTiming);
  }

  std::string weights_hash() const override { return hash_.text(); }
  DataSizes data_sizes() const override { return {data_.train.size(), data_.test.size()}; }
  std::int64_t updates() const override { return config_.rounds; }
  std::int64_t updates_per_epoch() const override { return 1; }
  std::string notice() const override {
    std::string text;
    if (config_.fit == FitOn::kAllData) {
      text =
          "fillings, scales and components were fitted on all data, the test part included, as "
          "published: test figures flatter";
    }
    if (config_.features != "all" && config_.order == FeatureOrder::kPcaThenScale) {
      text += fmt::format(
          "{}principal components were taken before scaling, as published: the "
          "columns of large numbers outweigh the others",
          text.empty() ? "" : "; ");
    }
    return text;
  }

 private:
  std::unique_ptr<ShardTrainer> make_trainer(const Node& node, const Shard& shard) const {
    if (node.board() == nullptr) return std::make_unique<HostTrainer>(shard);
    const BoardTrainer::Options options{

        .path = config_.shard, .may_fail = config_.quorum.has_value()};
    return std::make_unique<BoardTrainer>(shard, options, board_ids_);
  }
  AveragingJob make_job() const {
    const auto& members = parts_.members;
    AveragingJob job;
    job.workers = members.members;
    job.server = members.server.value_or(members.members.front());
    job.weights = data_.train.features + 1;
    job.rounds = config_.rounds;
    job.deadline = config_.deadline;
    job.quorum = config_.quorum ? static_cast<std::size_t>(*config_.quorum) : members.size();
    return job;
  }
  ShardTraining training() const {
    return {config_.epochs, config_.batch, static_cast<float>(config_.lr),
            static_cast<float>(config_.l2), config_.update};
  }

  struct Figures {
    double train_loss = 0;
    ClassificationMetrics test;
  };
  Figures figures_of(std::span<const double> weights) const {
    const auto of = [&](const LabelledSamples& samples) {
      return classification_metrics(logits(weights, samples.values), samples.labels);
    };
    return {of(data_.train).log_loss, of(data_.test)};
  }
  void measure_baselines() {
    const LabelledSamples& train = data_.train;
    baseline_ =
        figures_of(logistic_optimum({train.features, train.values, train.labels, config_.l2}));
    const TableColumn& gender = table_.column("gender");
    std::vector<std::uint8_t> is_woman;
    for (const std::uint32_t row : data_.test_rows) {
      const auto category = static_cast<std::size_t>(std::max(gender.values[row], 0.0));
      is_woman.push_back(!std::isnan(gender.values[row]) && gender.is_categorical() &&
                         gender.categories[category] == "female");
    }
    women_survive_accuracy_ = confusion(is_woman, data_.test.labels).accuracy();
  }

  Task<> observe(Node& node, const RoundEnd& end) {
    Figures now;
    const std::vector<double> weights(end.weights.begin(), end.weights.end());
    co_await node.observe([&] { now = figures_of(weights); });
    const Position at{.step = end.round, .round = end.round};
    node.record("train_loss", now.train_loss, at);
    record(node, "test", now.test, at);
    record(node, "baseline", baseline_.test, at);
    node.record("women_survive_accuracy", women_survive_accuracy_, at);
    node.record("answers", static_cast<double>(end.answers), at);
    if (end.round == config_.rounds && !node.dry())
      hash_.add(node.rank(), std::span<const float>(end.weights));
  }
  static void record(Node& node, const std::string& whose, const ClassificationMetrics& m,
                     const Position& at) {
    const auto count = [](std::size_t n) { return static_cast<double>(n); };
    node.record(whose + "_accuracy", m.confusion.accuracy(), at);
    node.record(whose + "_log_loss", m.log_loss, at);
    node.record(whose + "_auc", m.auc.value_or(0), at);  // both labels are in every part
    node.record(whose + "_true_positives", count(m.confusion.true_positives), at);
    node.record(whose + "_false_positives", count(m.confusion.false_positives), at);
    node.record(whose + "_true_negatives", count(m.confusion.true_negatives), at);
    node.record(whose + "_false_negatives", count(m.confusion.false_negatives), at);
  }

  LogisticRegressionConfig config_;
  WorkloadParts parts_;
  ValueTable table_;
  PreparedData data_;
  std::vector<Shard> shards_;  // by worker
  std::shared_ptr<BoardIds> board_ids_ = std::make_shared<BoardIds>();
  Figures baseline_;
  double women_survive_accuracy_ = 0;
  WeightsHash hash_;
};

}  // namespace

std::unique_ptr<Workload> make_logistic_regression(const LogisticRegressionConfig& config,
                                                   WorkloadParts parts) {
  return std::make_unique<LogisticRegression>(config, std::move(parts));
}

}  // namespace understudy
