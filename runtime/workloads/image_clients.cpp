#include "runtime/workloads/image_clients.hpp"

#include <algorithm>

#include "runtime/data/partition.hpp"
#include "runtime/federated/arithmetic.hpp"
#include "runtime/workloads/evaluate_in_pieces.hpp"

namespace understudy {
namespace {

// As many each as can be, where nothing is known but their sum.
std::vector<std::size_t> equal_shards(std::size_t samples, std::size_t clients) {
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < clients; ++i)
    sizes.push_back(std::max<std::size_t>(1, samples * (i + 1) / clients - samples * i / clients));
  return sizes;
}

void record_calibration(Node& node, const std::string& prefix, const Calibration& calibration,
                        Position at) {
  node.record(prefix + "_ece", calibration.expected_error(), at);
  node.record(prefix + "_mce", calibration.maximum_error(), at);
}

}  // namespace

void ImageClients::record_spread(Node& node, const std::string& name, std::vector<double> values,
                                 Position at) {
  if (!dry()) scores_[name + "_mean"] = values;
  const Spread spread = spread_of(std::move(values));
  node.record(name + "_mean", spread.mean, at);
  node.record(name + "_std", spread.deviation, at);
  node.record(name + "_worst_decile", spread.worst_decile, at);
  node.record(name + "_fairness", spread.fairness, at);
}

ImageClients::ImageClients(const ImageClassifierConfig& config, const WorkloadParts& parts,
                           double validation)
    : batch_(config.batch), shuffle_(config.sampler.shuffle) {
  if (parts.make_learner) {
    data_ = load_image_data(config, parts);
    learner_ =
        parts.make_learner(make_model(config.model, config.dropout, data_.train.dataset->shape()));
    divide(config, parts, validation);
    return;
  }
  sizes_ = parts.data_sizes;
  const ImageShape shape = sizes_.images ? *sizes_.images : expected_shape(config);
  learner_ = std::make_unique<DryLearner>(make_model(config.model, config.dropout, shape));
  if (sizes_.shards.empty()) sizes_.shards = equal_shards(sizes_.train, parts.members.size());
  for (const std::size_t size : sizes_.shards) {
    const auto withheld = static_cast<std::size_t>(validation * static_cast<double>(size));
    training_.emplace_back(size - withheld);
    validation_.emplace_back(withheld);
  }
}

void ImageClients::divide(const ImageClassifierConfig& config, const WorkloadParts& parts,
                          double validation) {
  const ImageDataset& train = *data_.train.dataset;
  const RandomStream random(
      {.seed = parts.seed, .node = UINT32_MAX, .purpose = Purpose::kPartition});
  training_ =
      partition(config.partition, {train.labels(), train.writers()}, parts.members.size(), random);
  test_ = matching_shards(data_.test.dataset->labels(), train.labels(), training_);
  sizes_ = {train.size(), data_.test.dataset->size(), {}, train.shape()};
  for (auto& shard : training_) {
    sizes_.shards.push_back(shard.size());
    // Drawn, as shards may be in order of their labels.
    std::vector<std::uint32_t> order = shard;
    RandomStream draw({.seed = parts.seed,
                       .node = static_cast<std::uint32_t>(validation_.size()),
                       .purpose = Purpose::kPartition,
                       .round = 1});
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[draw.below(i)]);
    const auto withheld = static_cast<std::size_t>(validation * static_cast<double>(shard.size()));
    validation_.emplace_back(order.end() - static_cast<std::ptrdiff_t>(withheld), order.end());
    std::sort(validation_.back().begin(), validation_.back().end());
    std::erase_if(shard, [&](std::uint32_t i) {
      return std::binary_search(validation_.back().begin(), validation_.back().end(), i);
    });
  }
}

LocalOptions ImageClients::local(LocalOptions options) const {
  options.batch = batch_;
  options.shuffle = shuffle_;
  return options;
}

std::vector<ClientData<float>> ImageClients::clients() const {
  std::vector<ClientData<float>> clients;
  for (std::size_t i = 0; i < size(); ++i)
    clients.push_back({learner_.get(), data_.train.dataset.get(), training_[i], validation_[i]});
  return clients;
}

Task<> ImageClients::record_global(Node& node, const std::string& prefix,
                                   std::span<const float> model, Position at) const {
  Evaluation found;
  if (!dry())
    found =
        co_await evaluate_in_pieces(node, *learner_, model, *data_.test.dataset, 0, sizes_.test);
  node.record(prefix + "_accuracy", found.accuracy, at);
  node.record(prefix + "_loss", found.loss, at);
  record_calibration(node, prefix, found.calibration, at);
}

Evaluation ImageClients::on_test(std::size_t client, std::span<const float> model) const {
  const SubsetSource own(data_.test.dataset.get(), test_[client]);
  return learner_->evaluate(model, own, 0, own.size());
}

Evaluation ImageClients::on_validation(std::size_t client, std::span<const float> model) const {
  if (validation_[client].empty()) return {};
  const SubsetSource own(data_.train.dataset.get(), validation_[client]);
  return learner_->evaluate(model, own, 0, own.size());
}

Task<> ImageClients::score_one(Node& node, std::size_t client, const ScoreClient& score,
                               Score& out) const {
  co_await node.observe([&, client] { score(client, out); });
}

Task<> ImageClients::score_all(Node& node, const ScoreClient& score,
                               std::vector<Score>& out) const {
  if (dry()) co_return;
  out.resize(size());
  std::vector<Spawned<>> scoring;
  for (std::size_t i = 0; i < size(); ++i) {
    if (!test_[i].empty()) scoring.push_back(node.spawn(score_one(node, i, score, out[i])));
  }
  co_await when_all(std::move(scoring));
}

Task<> ImageClients::record_personal(Node& node, const std::string& prefix, const ModelOf& model_of,
                                     Position at) {
  const ScoreClient score = [&](std::size_t client, Score& out) {
    const std::vector<float> model = model_of(client);
    if (model.empty()) return;
    out = {true, on_test(client, model), on_validation(client, model)};
  };
  std::vector<Score> scores;
  co_await score_all(node, score, scores);
  std::vector<double> test, validation, newcomers;
  Calibration calibration;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!scores[i].counts) continue;
    test.push_back(scores[i].test.accuracy);
    if (i >= first_newcomer_) newcomers.push_back(test.back());
    calibration.add(scores[i].test.calibration);
    if (!validation_[i].empty()) validation.push_back(scores[i].validation.accuracy);
  }
  record_spread(node, prefix + "_accuracy", std::move(test), at);
  record_calibration(node, prefix, calibration, at);
  if (first_newcomer_ < size())
    record_spread(node, "newcomer_test_accuracy", std::move(newcomers), at);
  if (withholds())
    node.record("personal_validation_accuracy_mean", spread_of(std::move(validation)).mean, at);
}

MixtureScores ImageClients::mixtures(std::size_t client, std::span<const float> shared,
                                     std::span<const float> own) const {
  MixtureScores scores;
  std::vector<float> mixture(shared.begin(), shared.end());
  for (std::size_t i = 0; i < MixtureScores::kShares; ++i) {
    if (!own.empty()) mix<float>(shared, own, MixtureScores::share(i), mixture);
    const Evaluation validation = on_validation(client, mixture);
    scores.validation_accuracy[i] = validation.accuracy;
    scores.validation_loss[i] = validation.loss;
    scores.test_accuracy[i] = on_test(client, mixture).accuracy;
    if (!own.empty()) continue;
    scores.validation_accuracy.fill(validation.accuracy);
    scores.validation_loss.fill(validation.loss);
    scores.test_accuracy.fill(scores.test_accuracy[i]);
    break;
  }
  return scores;
}

Task<> ImageClients::record_mixtures(Node& node, const std::string& prefix,
                                     std::span<const float> shared, const ModelOf& own_of,
                                     Position at) {
  if (!withholds()) co_return;
  const ScoreClient score = [&](std::size_t client, Score& out) {
    out.counts = true;
    out.mixtures = mixtures(client, shared, own_of(client));
  };
  std::vector<Score> scores;
  co_await score_all(node, score, scores);
  std::vector<double> chosen, half, oracle, shares;
  for (const Score& s : scores) {
    if (!s.counts) continue;
    const MixtureScores& m = s.mixtures;
    chosen.push_back(m.test_accuracy[m.chosen()]);
    half.push_back(m.test_accuracy[MixtureScores::kHalf]);
    oracle.push_back(m.test_accuracy[m.oracle()]);
    shares.push_back(MixtureScores::share(m.chosen()));
  }
  record_spread(node, prefix + "_accuracy_chosen", std::move(chosen), at);
  record_spread(node, prefix + "_accuracy_half", std::move(half), at);
  record_spread(node, prefix + "_accuracy_oracle", std::move(oracle), at);
  node.record("mixing_chosen_mean", spread_of(std::move(shares)).mean, at);
}

bool ImageClients::withholds() const {
  return std::any_of(validation_.begin(), validation_.end(),
                     [](const auto& withheld) { return !withheld.empty(); });
}

}  // namespace understudy
