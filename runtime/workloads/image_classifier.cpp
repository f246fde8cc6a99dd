// A classifier of images under synchronous data parallelism.
#include <cmath>

#include "runtime/strategies/allreduce.hpp"
#include "runtime/training/schedule.hpp"
#include "runtime/workloads/evaluate_in_pieces.hpp"
#include "runtime/workloads/image_data.hpp"
#include "runtime/workloads/weights_hash.hpp"
#include "runtime/workloads/workloads.hpp"

namespace understudy {
namespace {

int batch_of_node(const ImageClassifierConfig& config, std::size_t workers) {
  if (config.batch_scope == BatchScope::kPerNode) return config.batch;
  if (config.batch % static_cast<int>(workers) != 0) {
    throw ScenarioError(
        fmt::format("workload.batch: a global batch of {} can't be split evenly over {} workers",
                    config.batch, workers));
  }
  return config.batch / static_cast<int>(workers);
}

class ImageClassifier final : public Workload {
 public:
  ImageClassifier(const ImageClassifierConfig& config, const StrategyConfig& strategy,
                  WorkloadParts parts)
      : config_(config),
        strategy_(std::get<AllreduceConfig>(strategy)),
        parts_(std::move(parts)),
        sizes_(load()),
        learner_(make_learner()),
        batches_({sizes_.train, workers(), parts_.seed, config.sampler},
                 static_cast<std::size_t>(batch_of_node(config, workers()))) {
    const auto per_epoch = static_cast<double>(batches_.steps_per_epoch());
    updates_ = config.updates
                   ? *config.updates
                   : static_cast<std::int64_t>(std::ceil(config.epochs.value_or(1) * per_epoch));
  }

  Task<> run(Node& node) override {
    TrainingJob<float> job;
    job.members = members_of(parts_, strategy_.collective, node.rank());
    job.learner = learner_.get();
    job.batches = &batches_;
    job.samples = train_.dataset.get();
    job.optimizer = config_.optimizer;
    job.schedule = config_.schedule;
    job.lr = scaled_learning_rate(config_.lr_scaling, std::get<SgdConfig>(config_.optimizer).lr,
                                  workers());
    job.updates = updates_;
    job.exchange = strategy_;
    job.observe_every = config_.evaluate_every;
    job.gradients = parts_.gradients;
    const std::size_t index = job.members.index;
    job.observe = [this, index](Node& n, const TrainingState<float>& s) {
      return observe(n, index, s);
    };
    co_await train_synchronously(node, job);
  }

  std::string weights_hash() const override { return hash_.text(); }
  DataSizes data_sizes() const override { return sizes_; }
  std::int64_t updates() const override { return updates_; }
  std::int64_t updates_per_epoch() const override {
    return static_cast<std::int64_t>(batches_.steps_per_epoch());
  }
  std::string notice() const override { return train_.notice; }

 private:
  std::size_t workers() const { return parts_.members.size(); }
  bool dry() const { return !parts_.make_learner; }

  DataSizes load() {
    if (dry()) return parts_.data_sizes;
    ImageData data = load_image_data(config_, parts_);
    train_ = std::move(data.train);
    test_ = std::move(data.test);
    return {train_.dataset->size(), test_.dataset->size(), {}, train_.dataset->shape()};
  }
  std::unique_ptr<Learner> make_learner() const {
    const ImageShape shape = sizes_.images ? *sizes_.images : expected_shape(config_);
    const Model model = make_model(config_.model, config_.dropout, shape);
    if (dry()) return std::make_unique<DryLearner>(model);
    return parts_.make_learner(model);
  }

  // Every worker's training loss; the test set by the first worker, or each worker's share of it.
  Task<> observe(Node& node, std::size_t worker, const TrainingState<float>& state) {
    const auto per_epoch = static_cast<std::int64_t>(batches_.steps_per_epoch());
    const Position at{.step = static_cast<int>(state.update),
                      .epoch = static_cast<int>((state.update + per_epoch - 1) / per_epoch)};
    node.record("train_loss", state.train_loss, at);
    const bool per_shard = config_.evaluation == EvaluationScope::kPerShard;
    if (worker == 0 || per_shard) {
      const std::size_t size = sizes_.test;
      const std::size_t first = per_shard ? size * worker / workers() : 0;
      const std::size_t last = per_shard ? size * (worker + 1) / workers() : size;
      co_await evaluate(node, state.parameters, {first, last}, at);
    }
    if (state.update == updates_ && !dry()) hash_.add(node.rank(), state.parameters);
  }

  struct Range {
    std::size_t first, last;
  };
  Task<> evaluate(Node& node, std::span<const float> parameters, Range range, Position at) {
    if (range.last == range.first) co_return;  // more workers than test samples
    Evaluation found;
    if (!dry())
      found = co_await evaluate_in_pieces(node, *learner_, parameters, *test_.dataset, range.first,
                                          range.last);
    node.record("test_accuracy", found.accuracy, at);
    node.record("test_loss", found.loss, at);
    node.record("test_samples", static_cast<double>(range.last - range.first), at);
  }

  ImageClassifierConfig config_;
  AllreduceConfig strategy_;
  WorkloadParts parts_;
  LoadedImages train_, test_;
  DataSizes sizes_;
  std::unique_ptr<Learner> learner_;
  SampledBatches batches_;
  std::int64_t updates_ = 0;
  WeightsHash hash_;
};

}  // namespace

std::unique_ptr<Workload> make_image_classifier(const ImageClassifierConfig& config,
                                                const StrategyConfig& strategy,
                                                WorkloadParts parts) {
  return std::make_unique<ImageClassifier>(config, strategy, std::move(parts));
}

}  // namespace understudy
