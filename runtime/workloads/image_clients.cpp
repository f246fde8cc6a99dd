#include "runtime/workloads/image_clients.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include "runtime/data/partition.hpp"

namespace understudy {
namespace {

// Evaluated in pieces, so that an interrupt need not wait for the whole test set.
constexpr std::size_t kEvaluationPiece = 1000;

// As many each as can be, where nothing is known but their sum.
std::vector<std::size_t> equal_shards(std::size_t samples, std::size_t clients) {
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < clients; ++i)
    sizes.push_back(std::max<std::size_t>(1, samples * (i + 1) / clients - samples * i / clients));
  return sizes;
}

}  // namespace

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
  double loss = 0, correct = 0;
  const std::size_t size = sizes_.test;
  for (std::size_t first = 0; !dry() && first < size; first += kEvaluationPiece) {
    const std::size_t count = std::min(kEvaluationPiece, size - first);
    Evaluation piece;
    co_await node.observe(
        [&] { piece = learner_->evaluate(model, *data_.test.dataset, first, count); });
    loss += piece.loss * static_cast<double>(count);
    correct += piece.accuracy * static_cast<double>(count);
  }
  node.record(prefix + "_accuracy", correct / static_cast<double>(size), at);
  node.record(prefix + "_loss", loss / static_cast<double>(size), at);
}

Task<> ImageClients::score(Node& node, std::size_t client, const ModelOf& model_of,
                           double& accuracy) const {
  co_await node.observe([&, client] {
    const SubsetSource own(data_.test.dataset.get(), test_[client]);
    const std::vector<float> model = model_of(client);
    if (!model.empty()) accuracy = learner_->evaluate(model, own, 0, own.size()).accuracy;
  });
}

Task<> ImageClients::record_personal(Node& node, const std::string& prefix, const ModelOf& model_of,
                                     Position at) const {
  std::vector<double> accuracies;
  std::vector<Spawned<>> scoring;
  if (!dry()) {
    accuracies.assign(size(), std::numeric_limits<double>::quiet_NaN());
    for (std::size_t i = 0; i < size(); ++i) {
      if (!test_[i].empty()) scoring.push_back(node.spawn(score(node, i, model_of, accuracies[i])));
    }
  }
  co_await when_all(std::move(scoring));
  std::vector<double> scored;
  for (std::size_t i = 0; i < accuracies.size(); ++i) {
    if (!std::isnan(accuracies[i])) scored.push_back(accuracies[i]);
  }
  const Spread spread = spread_of(std::move(scored));
  node.record(prefix + "_accuracy_mean", spread.mean, at);
  node.record(prefix + "_accuracy_std", spread.deviation, at);
  node.record(prefix + "_accuracy_worst_decile", spread.worst_decile, at);
}

}  // namespace understudy
