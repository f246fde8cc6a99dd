// A classifier of images that nodes train by gossip. The global model is the mean of theirs.
#include <algorithm>
#include <cmath>

#include "runtime/training/curvature_eigenpairs.hpp"
#include "runtime/training/curvature_estimates.hpp"
#include "runtime/workloads/gossip_network.hpp"
#include "runtime/workloads/image_clients.hpp"
#include "runtime/workloads/weights_hash.hpp"
#include "runtime/workloads/workloads.hpp"

namespace understudy {
namespace {

class GossipingImages final : public Workload {
 public:
  GossipingImages(const ImageClassifierConfig& config, const GossipConfig& strategy,
                  const WorkloadParts& parts)
      : config_(config),
        keeps_(parts.keep != KeepWeights::kNone),
        images_(config, parts, strategy.validation),
        network_(strategy, parts, images_.local(local_options(strategy, config.optimizer)),
                 images_.clients()) {
    network_.use_eigenpairs(
        [this](std::size_t node, std::span<const float> x, int count, RandomStream random) {
          return eigenpairs(node, x, static_cast<std::size_t>(count), random);
        },
        strategy.most_products);
  }

  Task<> run(Node& node) override {
    return network_.run(node, std::max(1, config_.evaluate_every),
                        [this](Node& first, const GossipNetwork<float>::Round& round) {
                          return observe(first, round);
                        });
  }
  std::string weights_hash() const override { return hash_.text(); }
  ClientScores client_scores() const override { return images_.scores(); }
  DataSizes data_sizes() const override { return images_.sizes(); }
  std::int64_t updates() const override { return network_.config().rounds; }
  std::int64_t updates_per_epoch() const override { return 1; }
  std::string notice() const override { return images_.notice(); }
  std::vector<KeptWeights> kept_weights() const override { return kept_; }

 private:
  using Models = GossipNetwork<float>::Models;

  Task<> observe(Node& node, const GossipNetwork<float>::Round& round) {
    const Models& models = round.models;
    const Position at{.step = round.number, .round = round.number, .time = round.time};
    const std::vector<float> mean = mean_of(models);
    if (round.number == network_.config().rounds && !node.dry()) {
      hash_.add(node.rank(), std::span<const float>(mean));
      if (keeps_) kept_.push_back({"", &images_.learner().layout(), mean});
    }
    co_await images_.record_global(node, "global_test", mean, at);
    const ImageClients::ModelOf own = [&models](std::size_t client) { return models[client]; };
    co_await images_.record_personal(node, "personal_test", own, at);
    co_await images_.record_mixtures(node, "personal_test", mean, own, at);
    node.record("drift", mean_distance(models, mean), at);
  }

  // Of the Hessian of a node's loss on some of its samples.
  Eigenpairs<float> eigenpairs(std::size_t node, std::span<const float> x, std::size_t count,
                               RandomStream random) const {
    const bool probes = network_.config().curvature == CurvatureKind::kHutchinson;
    if (count == 0 && !probes) return {};
    const auto all = network_.client(node).training;
    const auto used = all.first(
        std::min(all.size(), static_cast<std::size_t>(network_.config().hessian_samples)));
    const HessianMap hessian = loss_hessian<float>(images_.learner(), x, images_.training_source(),
                                                   {used.begin(), used.end()}, {});
    const auto products = static_cast<std::size_t>(network_.config().most_products);
    if (probes) return diagonal(hessian, products, random, x.size());
    EigenpairOptions options;
    options.k = count;
    options.max_products = products;
    const TopEigenpairs found = top_eigenpairs(hessian, options, random);
    Eigenpairs<float> out;
    out.values = found.values;
    out.products = static_cast<std::int64_t>(found.cost.products);
    out.vectors.resize(found.values.size() * x.size());
    for (std::size_t k = 0; k < found.values.size(); ++k) {
      scatter_trainable<double, float>(images_.learner().layout(), found.vector(k),
                                       std::span(out.vectors).subspan(k * x.size(), x.size()));
    }
    return out;
  }

  Eigenpairs<float> diagonal(const HessianMap& hessian, std::size_t probes, RandomStream random,
                             std::size_t size) const {
    const HutchinsonResult found = hutchinson(hessian, probes, random);
    std::vector<double> trainable;
    for (const ProbeMean& entry : found.diagonal) trainable.push_back(entry.mean);
    Eigenpairs<float> out;
    out.products = static_cast<std::int64_t>(found.cost.products);
    out.diagonal.resize(size);
    scatter_trainable<double, double>(images_.learner().layout(), trainable, out.diagonal);
    return out;
  }

  Models::value_type mean_of(const Models& models) const {
    if (models.empty()) return {};
    std::vector<double> sums(images_.learner().layout().size);
    for (const auto& model : models) {
      for (std::size_t i = 0; i < model.size(); ++i) sums[i] += static_cast<double>(model[i]);
    }
    std::vector<float> mean;
    for (const double sum : sums)
      mean.push_back(static_cast<float>(sum / static_cast<double>(count_of(models))));
    return mean;
  }
  // Of lost nodes there is none.
  static std::ptrdiff_t count_of(const Models& models) {
    return std::count_if(models.begin(), models.end(), [](const auto& m) { return !m.empty(); });
  }
  // Of the nodes' models from their mean.
  static double mean_distance(const Models& models, const std::vector<float>& mean) {
    double sum = 0;
    for (const auto& model : models) {
      if (model.empty()) continue;
      double squares = 0;
      for (std::size_t i = 0; i < mean.size(); ++i) {
        const double d = static_cast<double>(model[i]) - static_cast<double>(mean[i]);
        squares += d * d;
      }
      sum += std::sqrt(squares);
    }
    return models.empty() ? 0 : sum / static_cast<double>(count_of(models));
  }

  ImageClassifierConfig config_;
  bool keeps_;
  ImageClients images_;
  GossipNetwork<float> network_;
  WeightsHash hash_;
  std::vector<KeptWeights> kept_;
};

}  // namespace

std::unique_ptr<Workload> make_gossiping_images(const ImageClassifierConfig& config,
                                                const GossipConfig& strategy,
                                                const WorkloadParts& parts) {
  return std::make_unique<GossipingImages>(config, strategy, parts);
}

}  // namespace understudy
