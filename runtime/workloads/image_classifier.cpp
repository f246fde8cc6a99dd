// A classifier of images under synchronous data parallelism.
#include <cmath>

#include "runtime/federated/local_work.hpp"
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
        samples_(withhold(sizes_.train, config.validation, parts_.seed)),
        training_(train_.dataset.get(), samples_.training),
        validation_(train_.dataset.get(), samples_.validation),
        learner_(make_learner()),
        batches_({samples_.training.size(), workers(), parts_.seed, config.sampler},
                 static_cast<std::size_t>(batch_of_node(config, workers()))) {
    const auto per_epoch = static_cast<double>(batches_.steps_per_epoch());
    updates_ = config.updates
                   ? *config.updates
                   : static_cast<std::int64_t>(std::ceil(config.epochs.value_or(1) * per_epoch));
    if (dry() && parts_.updates > 0) updates_ = parts_.updates;
  }

  Task<> run(Node& node) override {
    TrainingJob<float> job;
    job.members = members_of(parts_, strategy_.collective, node.rank());
    job.learner = learner_.get();
    job.batches = &batches_;
    job.samples = &training_;
    job.optimizer = config_.optimizer;
    job.schedule = config_.schedule;
    job.lr = scaled_learning_rate(config_.lr_scaling, std::get<SgdConfig>(config_.optimizer).lr,
                                  workers());
    job.updates = updates_;
    job.exchange = strategy_;
    job.observe_every = config_.evaluate_every;
    job.gradients = parts_.gradients;
    const std::size_t index = job.members.index;
    job.early_stopping = config_.early_stopping;
    job.keep_best = parts_.keep == KeepWeights::kBest && index == 0;
    if (!samples_.validation.empty())
      job.validate = [this, index](Node& n, const TrainingState<float>& s) {
        return validate(n, index, s);
      };
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
  std::vector<KeptWeights> kept_weights() const override { return kept_; }

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

  Position position_of(const TrainingState<float>& state) const {
    const auto per_epoch = static_cast<std::int64_t>(batches_.steps_per_epoch());
    return {.step = static_cast<int>(state.update),
            .epoch = static_cast<int>((state.update + per_epoch - 1) / per_epoch)};
  }

  // By the first worker. The others hear of it where all share a process, and else see for themselves.
  Task<double> validate(Node& node, std::size_t worker, const TrainingState<float>& state) {
    Validated& known = validated_[state.update];
    if (worker != 0 && parts_.one_process) {
      co_await known.there;
      co_return known.loss;
    }
    Evaluation found;
    if (!dry())
      found = co_await evaluate_in_pieces(node, *learner_, state.parameters, validation_, 0,
                                          validation_.size());
    if (worker == 0) {
      node.record("validation_loss", found.loss, position_of(state));
      node.record("validation_accuracy", found.accuracy, position_of(state));
    }
    known.loss = found.loss;
    known.there.set();
    co_return found.loss;
  }

  // Every worker's training loss; the test set by the first worker, or each worker's share of it.
  Task<> observe(Node& node, std::size_t worker, const TrainingState<float>& state) {
    const Position at = position_of(state);
    node.record("train_loss", state.train_loss, at);
    const bool per_shard = config_.evaluation == EvaluationScope::kPerShard;
    if (worker == 0 || per_shard) {
      const std::size_t size = sizes_.test;
      const std::size_t first = per_shard ? size * worker / workers() : 0;
      const std::size_t last = per_shard ? size * (worker + 1) / workers() : size;
      co_await evaluate(node, state.parameters, {first, last}, at);
    }
    if (!state.last || dry()) co_return;
    updates_ = state.update;
    hash_.add(node.rank(), state.parameters);
    if (worker != 0 || parts_.keep == KeepWeights::kNone) co_return;
    const auto keep = [this](const char* name, std::span<const float> values) {
      kept_.push_back({name, &learner_->layout(), {values.begin(), values.end()}});
    };
    keep("", state.parameters);
    if (!state.best.empty()) keep("best", state.best);
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
  WithheldSamples samples_;
  SubsetSource training_, validation_;
  std::unique_ptr<Learner> learner_;
  SampledBatches batches_;
  std::int64_t updates_ = 0;
  struct Validated {
    double loss = 0;
    Event there;
  };
  std::map<std::int64_t, Validated> validated_;  // by updates
  WeightsHash hash_;
  std::vector<KeptWeights> kept_;
};

}  // namespace

std::unique_ptr<Workload> make_image_classifier(const ImageClassifierConfig& config,
                                                const StrategyConfig& strategy,
                                                WorkloadParts parts) {
  return std::make_unique<ImageClassifier>(config, strategy, std::move(parts));
}

}  // namespace understudy
