// A classifier of images that a federation trains: one global model, and each client's own.
#include "runtime/workloads/image_clients.hpp"
#include "runtime/workloads/weights_hash.hpp"
#include "runtime/workloads/workloads.hpp"

namespace understudy {
namespace {

class FederatedImages final : public Workload {
 public:
  FederatedImages(const ImageClassifierConfig& config, const FederatedConfig& strategy,
                  const WorkloadParts& parts)
      : config_(config),
        keeps_(parts.keep != KeepWeights::kNone),
        images_(config, parts, strategy.validation),
        federation_(strategy, parts, images_.local(local_options(strategy, config.optimizer)),
                    images_.clients()) {
    images_.tell_newcomers_apart(first_newcomer(strategy.availability, images_.size()));
  }

  Task<> run(Node& node) override {
    return federation_.run(
        node, std::max(1, config_.evaluate_every),
        [this](Node& server, const FederatedRound<float>& end) { return observe(server, end); });
  }
  Sleepers* sleepers() override { return &federation_; }
  std::string weights_hash() const override { return hash_.text(); }
  ClientScores client_scores() const override { return images_.scores(); }
  DataSizes data_sizes() const override { return images_.sizes(); }
  std::int64_t updates() const override { return federation_.config().rounds; }
  std::int64_t updates_per_epoch() const override { return 1; }
  std::string notice() const override { return images_.notice(); }
  std::vector<KeptWeights> kept_weights() const override { return kept_; }

 private:
  Task<> observe(Node& node, const FederatedRound<float>& end) {
    if (end.last && !node.dry()) {
      hash_.add(node.rank(), end.model);
      if (keeps_ && federation_.algorithm().is_whole())
        kept_.push_back({"", &images_.learner().layout(), {end.model.begin(), end.model.end()}});
    }
    const Position at{.step = end.round, .round = end.round, .time = end.time};
    if (federation_.algorithm().is_whole())
      co_await images_.record_global(node, "global_test", end.model, at);
    const ImageClients::ModelOf model_of = [this, &end](std::size_t client) {
      return federation_.personal(client, end.model);
    };
    co_await images_.record_personal(node, "personal_test", model_of, at);
    if (!federation_.algorithm().mixes()) co_return;
    const ImageClients::ModelOf own = [this](std::size_t client) {
      return federation_.mixed_in(client);
    };
    co_await images_.record_mixtures(node, "personal_test", end.model, own, at);
  }

  ImageClassifierConfig config_;
  bool keeps_;
  ImageClients images_;
  Federation<float> federation_;
  WeightsHash hash_;
  std::vector<KeptWeights> kept_;
};

}  // namespace

std::unique_ptr<Workload> make_federated_images(const ImageClassifierConfig& config,
                                                const FederatedConfig& strategy,
                                                const WorkloadParts& parts) {
  return std::make_unique<FederatedImages>(config, strategy, parts);
}
}  // namespace understudy
