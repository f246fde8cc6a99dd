// An ensemble of classifiers of images teaches a target.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/federated/local_work.hpp"
#include "runtime/strategies/transfer.hpp"
#include "runtime/training/transfer_loss.hpp"
#include "runtime/workloads/ensemble_answers.hpp"
#include "runtime/workloads/evaluate_in_pieces.hpp"
#include "runtime/workloads/image_data.hpp"
#include "runtime/workloads/weights_hash.hpp"
#include "runtime/workloads/workloads.hpp"

namespace understudy {
namespace {

TransferConfig exchange_of(const StrategyConfig& strategy) {
  if (const auto* transfer = std::get_if<TransferConfig>(&strategy)) return *transfer;
  return {.exchange = TransferExchange::kGradients,
          .gradients = std::get<AllreduceConfig>(strategy)};
}

class KnowledgeTransfer final : public Workload {
 public:
  KnowledgeTransfer(const KnowledgeTransferConfig& config, const StrategyConfig& strategy,
                    WorkloadParts parts)
      : config_(config), exchange_(exchange_of(strategy)), parts_(std::move(parts)) {
    load();
    divide();
    make_learners();
    make_batches();
    const auto per_epoch = static_cast<double>(batches_->steps_per_epoch());
    updates_ = config.updates
                   ? *config.updates
                   : static_cast<std::int64_t>(std::ceil(config.epochs.value_or(1) * per_epoch));
    answers_.emplace(learners_.size() - 1, sizes_.test);
  }

  Task<> run(Node& node) override {
    TransferJob job;
    for (std::size_t m = 0; m < learners_.size(); ++m) {
      const OptimizerConfig& optimizer = m == 0 ? config_.optimizer : config_.member_optimizer;
      const BatchSchedule* alone = m == 0 ? nullptr : &member_batches_[m - 1];
      job.models.push_back({learners_[m].get(), optimizer, alone});
    }
    job.loss = config_.transfer;
    job.exchange = exchange_;
    job.nodes = members_of(parts_, exchange_.gradients.collective, node.rank());
    job.batches = &*batches_;
    job.samples = &*training_source_;
    job.sample_count = training_.size();
    job.samples_vary = config_.augmentation.any();
    job.classes = classes();
    job.schedule = config_.schedule;
    job.member_epochs = config_.member_epochs;
    job.updates = updates_;
    job.seed = parts_.seed;
    job.gradients = parts_.gradients;
    job.observe = [this](Node& n, const TransferState& state) { return observe(n, state); };
    job.finish = [this](Node& n, const TransferState& state) { return finish(n, state); };
    if (job.nodes.index == 0) answers_->listen(node);
    co_await transfer_knowledge(node, job);
  }

  std::string weights_hash() const override { return hash_.text(); }
  DataSizes data_sizes() const override { return sizes_; }
  std::int64_t updates() const override { return updates_; }
  std::int64_t updates_per_epoch() const override {
    return static_cast<std::int64_t>(batches_->steps_per_epoch());
  }
  std::string notice() const override { return data_.train.notice; }
  std::vector<KeptWeights> kept_weights() const override { return kept_; }

 private:
  bool dry() const { return !parts_.make_learner; }
  bool replicates() const { return exchange_.exchange == TransferExchange::kGradients; }
  std::size_t classes() const { return static_cast<std::size_t>(shape().classes); }
  ImageShape shape() const { return sizes_.images ? *sizes_.images : expected_shape(config_); }

  void load() {
    sizes_ = parts_.data_sizes;
    if (dry()) return;
    data_ = load_image_data(config_, models(), parts_);
    sizes_ = {
        data_.train.dataset->size(), data_.test.dataset->size(), {}, data_.train.dataset->shape()};
  }

  // The target's, then the members'.
  std::vector<ModelConfig> models() const {
    std::vector<ModelConfig> models{config_.target};
    models.insert(models.end(), config_.ensemble.begin(), config_.ensemble.end());
    return models;
  }

  void divide() {
    WithheldSamples parts = withhold(sizes_.train, config_.validation, parts_.seed);
    training_ = std::move(parts.training);
    validation_ = std::move(parts.validation);
    training_source_.emplace(data_.train.dataset.get(), training_);
    validation_source_.emplace(data_.train.dataset.get(), validation_);
  }

  void make_learners() {
    for (const ModelConfig& each : models()) {
      try {
        const Model model = make_model(each, config_.dropout, shape());
        if (dry()) {
          learners_.push_back(std::make_unique<DryLearner>(model));
        } else {
          learners_.push_back(parts_.make_learner(model));
        }
      } catch (const DataError& problem) {
        const std::size_t m = learners_.size();
        throw DataError(fmt::format(
            "{}: {}", m == 0 ? "the target" : fmt::format("member {} of the ensemble", m - 1),
            problem.what()));
      }
    }
  }

  // Each member has an order of samples of its own; the target that of an image_classifier.
  void make_batches() {
    const std::size_t nodes = replicates() ? parts_.members.size() : 1;
    const auto batch = static_cast<std::size_t>(config_.batch);
    batches_.emplace(
        DistributedSampler::Options{
            .samples = training_.size(), .world = nodes, .seed = parts_.seed, .config = {}},
        std::max<std::size_t>(1, batch / nodes));
    for (std::size_t m = 1; m < learners_.size(); ++m) {
      RandomStream draw(transfer_stream(parts_.seed, m, Purpose::kShuffle));
      member_batches_.emplace_back(
          DistributedSampler::Options{
              .samples = training_.size(), .world = 1, .seed = draw(), .config = {}},
          batch);
    }
  }

  static std::string prefix_of(std::size_t model) {
    return model == 0 ? "target" : fmt::format("member_{}", model - 1);
  }
  // Members' steps and epochs are counted through both phases.
  Position position_of(const TransferState& state) const {
    std::int64_t step = state.update;
    int epoch = state.epoch;
    if (state.model != 0 && !state.alone) {
      const BatchSchedule& alone = member_batches_[state.model - 1];
      step += config_.member_epochs * static_cast<std::int64_t>(alone.steps_per_epoch());
      epoch += config_.member_epochs;
    }
    return {.step = static_cast<int>(step), .epoch = epoch};
  }

  Task<> observe(Node& node, const TransferState& state) {
    const std::string prefix = prefix_of(state.model);
    const Position at = position_of(state);
    const TransferLosses& losses = state.losses;
    node.record(prefix + "_train_loss", losses.loss, at);
    if (losses.with_outputs > 0) {
      node.record(prefix + "_train_accuracy", losses.accuracy, at);
      if (!state.alone) {
        node.record(prefix + "_classification_loss", losses.classification, at);
        node.record(prefix + "_transfer_loss", losses.transfer, at);
      }
    }
    if (!state.owner || validation_.empty()) co_return;
    Evaluation found;
    if (!dry())
      found = co_await evaluate_in_pieces(node, *learners_[state.model], state.parameters,
                                          *validation_source_, 0, validation_.size());
    node.record(prefix + "_validation_loss", found.loss, at);
    node.record(prefix + "_validation_accuracy", found.accuracy, at);
  }

  // The one use of the test set.
  Task<> finish(Node& node, const TransferState& state) {
    if (state.model == 0 && !dry()) hash_.add(node.rank(), state.parameters);
    if (!state.owner) co_return;
    if (!dry() && parts_.keep != KeepWeights::kNone)
      kept_.push_back({prefix_of(state.model),
                       &learners_[state.model]->layout(),
                       {state.parameters.begin(), state.parameters.end()}});
    std::vector<float> logits(dry() ? 0 : sizes_.test * classes());
    Batch batch;
    std::vector<std::int64_t> labels;
    for (std::size_t first = 0; !dry() && first < sizes_.test; first += kTestBatch) {
      const std::size_t count = std::min(kTestBatch, sizes_.test - first);
      co_await node.observe([&] {
        std::vector<std::uint32_t> indices(count);
        std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(first));
        data_.test.dataset->gather(indices, batch);
        learners_[state.model]->logits(
            state.parameters, batch,
            std::span(logits).subspan(first * classes(), count * classes()));
      });
      labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
    }
    const Position at = position_of(state);
    record_test(node, prefix_of(state.model), logits, labels, at);
    if (state.model != 0)
      co_return answers_->give(node, parts_.members.members[0], state.model - 1, std::move(logits));
    co_await answers_->wait(node);
    record_test(node, "ensemble", answers_->mean_log_probabilities(classes()), labels, at);
  }

  void record_test(Node& node, const std::string& prefix, std::span<const float> logits,
                   std::span<const std::int64_t> labels, Position at) const {
    double loss = 0, accuracy = 0;
    if (!dry()) {
      std::vector<double> unused(logits.size());
      loss = cross_entropy(logits, labels, unused);
      accuracy = accuracy_of(logits, labels);
    }
    node.record(prefix + "_test_loss", loss, at);
    node.record(prefix + "_test_accuracy", accuracy, at);
  }

  static constexpr std::size_t kTestBatch = 100;

  KnowledgeTransferConfig config_;
  TransferConfig exchange_;
  WorkloadParts parts_;
  ImageData data_;
  DataSizes sizes_;
  std::vector<std::uint32_t> training_, validation_;  // of the training samples
  std::optional<SubsetSource> training_source_, validation_source_;
  std::vector<std::unique_ptr<Learner>> learners_;  // the target's, then the members'
  std::optional<SampledBatches> batches_;
  std::vector<SampledBatches> member_batches_;
  std::int64_t updates_ = 0;
  std::optional<EnsembleAnswers> answers_;
  WeightsHash hash_;
  std::vector<KeptWeights> kept_;
};

}  // namespace

std::unique_ptr<Workload> make_knowledge_transfer(const KnowledgeTransferConfig& config,
                                                  const StrategyConfig& strategy,
                                                  WorkloadParts parts) {
  return std::make_unique<KnowledgeTransfer>(config, strategy, std::move(parts));
}

}  // namespace understudy
