// A classifier of images that a federation trains: one global model, and each client's own.
#include <cmath>

#include "runtime/workloads/image_clients.hpp"
#include "runtime/workloads/weights_hash.hpp"
#include "runtime/workloads/workloads.hpp"

namespace understudy {
namespace {

LocalOptions image_options(LocalOptions local, const ImageClassifierConfig& config) {
  local.batch = config.batch;
  local.shuffle = config.sampler.shuffle;
  return local;
}

bool is_due(int round, bool last, int every) { return last || every == 0 || round % every == 0; }

class FederatedImages final : public Workload {
 public:
  FederatedImages(const ImageClassifierConfig& config, const FederatedConfig& strategy,
                  const WorkloadParts& parts)
      : config_(config),
        images_(config, parts, strategy.validation),
        federation_(strategy, parts,
                    image_options(local_options(strategy, config.optimizer), config),
                    images_.clients()) {}

  Task<> run(Node& node) override {
    return federation_.run(node, [this](Node& server, const FederatedRound<float>& end) {
      return observe(server, end);
    });
  }
  std::string weights_hash() const override { return hash_.text(); }
  DataSizes data_sizes() const override { return images_.sizes(); }
  std::int64_t updates() const override { return federation_.config().rounds; }
  std::int64_t updates_per_epoch() const override { return 1; }
  std::string notice() const override { return images_.notice(); }

 private:
  Task<> observe(Node& node, const FederatedRound<float>& end) {
    if (end.last && !node.dry()) hash_.add(node.rank(), end.model);
    if (!is_due(end.round, end.last, config_.evaluate_every)) co_return;
    const Position at{.step = end.round, .round = end.round};
    if (federation_.algorithm().is_whole())
      co_await images_.record_global(node, "global_test", end.model, at);
    const ImageClients::ModelOf model_of = [this, &end](std::size_t client) {
      return federation_.personal(client, end.model);
    };
    co_await images_.record_personal(node, "personal_test", model_of, at);
  }

  ImageClassifierConfig config_;
  ImageClients images_;
  Federation<float> federation_;
  WeightsHash hash_;
};

// Nodes that gossip. The global model is the mean of theirs.
class GossipingImages final : public Workload {
 public:
  GossipingImages(const ImageClassifierConfig& config, const GossipConfig& strategy,
                  const WorkloadParts& parts)
      : config_(config),
        images_(config, parts, strategy.validation),
        network_(strategy, parts, image_options(local_options(strategy, config.optimizer), config),
                 images_.clients()) {}

  Task<> run(Node& node) override {
    return network_.run(node, std::max(1, config_.evaluate_every),
                        [this](Node& first, int round, const Models& models) {
                          return observe(first, round, models);
                        });
  }
  std::string weights_hash() const override { return hash_.text(); }
  DataSizes data_sizes() const override { return images_.sizes(); }
  std::int64_t updates() const override { return network_.config().rounds; }
  std::int64_t updates_per_epoch() const override { return 1; }
  std::string notice() const override { return images_.notice(); }

 private:
  using Models = GossipNetwork<float>::Models;

  Task<> observe(Node& node, int round, const Models& models) {
    const Position at{.step = round, .round = round};
    const std::vector<float> mean = mean_of(models);
    if (round == network_.config().rounds && !node.dry())
      hash_.add(node.rank(), std::span<const float>(mean));
    co_await images_.record_global(node, "global_test", mean, at);
    const ImageClients::ModelOf own = [&models](std::size_t client) { return models[client]; };
    co_await images_.record_personal(node, "personal_test", own, at);
    node.record("drift", mean_distance(models, mean), at);
  }

  Models::value_type mean_of(const Models& models) const {
    if (models.empty()) return {};
    std::vector<double> sums(models.front().size());
    for (const auto& model : models) {
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += static_cast<double>(model[i]);
    }
    std::vector<float> mean;
    for (const double sum : sums)
      mean.push_back(static_cast<float>(sum / static_cast<double>(models.size())));
    return mean;
  }
  // Of the nodes' models from their mean.
  static double mean_distance(const Models& models, const std::vector<float>& mean) {
    double sum = 0;
    for (const auto& model : models) {
      double squares = 0;
      for (std::size_t i = 0; i < mean.size(); ++i) {
        const double d = static_cast<double>(model[i]) - static_cast<double>(mean[i]);
        squares += d * d;
      }
      sum += std::sqrt(squares);
    }
    return models.empty() ? 0 : sum / static_cast<double>(models.size());
  }

  ImageClassifierConfig config_;
  ImageClients images_;
  GossipNetwork<float> network_;
  WeightsHash hash_;
};

}  // namespace

std::unique_ptr<Workload> make_federated_images(const ImageClassifierConfig& config,
                                                const FederatedConfig& strategy,
                                                const WorkloadParts& parts) {
  return std::make_unique<FederatedImages>(config, strategy, parts);
}
std::unique_ptr<Workload> make_gossiping_images(const ImageClassifierConfig& config,
                                                const GossipConfig& strategy,
                                                const WorkloadParts& parts) {
  return std::make_unique<GossipingImages>(config, strategy, parts);
}

}  // namespace understudy
