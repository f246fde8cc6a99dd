// Parabolas under federated learning and gossip, in double: closed forms once more.
#include "runtime/learners/quadratic.hpp"
#include "runtime/workloads/federation.hpp"
#include "runtime/workloads/gossip_network.hpp"
#include "runtime/workloads/weights_hash.hpp"
#include "runtime/workloads/workloads.hpp"

namespace understudy {
namespace {

// f_i(x) = a_i/2 (x - b_i)^2 on client i, which holds one sample.
class Parabolas {
 public:
  // Alike they share one learner.
  Parabolas(const QuadraticConfig& config, std::size_t clients) : clients_(clients) {
    const bool alike = config.a.size() == 1 && config.b.size() == 1;
    for (std::size_t i = 0; i < (alike ? 1 : clients); ++i) {
      learners_.push_back(
          std::make_unique<QuadraticLearner<double>>(QuadraticLearner<double>::Options{
              pick(config.a, i), pick(config.b, i), config.start, config.layers}));
    }
  }
  std::vector<ClientData<double>> clients() const {
    std::vector<ClientData<double>> clients;
    clients.reserve(clients_);
    for (std::size_t i = 0; i < clients_; ++i)
      clients.push_back({learners_[i % learners_.size()].get(), nullptr, one_, one_});
    return clients;
  }

 private:
  static double pick(const std::vector<double>& values, std::size_t i) {
    return values.size() == 1 ? values[0] : values.at(i);
  }
  std::size_t clients_;
  std::vector<std::unique_ptr<QuadraticLearner<double>>> learners_;
  std::vector<std::uint32_t> one_{0};
};

class FederatedQuadratic final : public Workload {
 public:
  FederatedQuadratic(const QuadraticConfig& config, const FederatedConfig& strategy,
                     const WorkloadParts& parts)
      : parabolas_(config, parts.members.size()),
        federation_(strategy, parts, local_options(strategy, config.optimizer),
                    parabolas_.clients()),
        clients_(parts.members.size()) {}

  Task<> run(Node& node) override {
    return federation_.run(node, 1, [this](Node& server, const FederatedRound<double>& end) {
      return observe(server, end);
    });
  }
  Sleepers* sleepers() override { return &federation_; }
  std::string weights_hash() const override { return hash_.text(); }
  std::int64_t updates() const override { return federation_.config().rounds; }
  std::int64_t updates_per_epoch() const override { return 1; }

 private:
  // x of the server, the first layer's, and on each client's node its own where they differ, the last
  // layer's, which may be its own alone.
  Task<> observe(Node& server, const FederatedRound<double>& end) {
    const Position at{.step = end.round, .round = end.round, .time = end.time};
    server.record("x", server.dry() ? 0 : end.model[0], at);
    const bool personal = federation_.algorithm().personalises();
    for (std::size_t i = 0; personal && i < clients_; ++i) {
      const double own = server.dry() ? 0 : federation_.personal(i, end.model).back();
      federation_.record(server, i, "personal_x", own, at);
    }
    if (end.last && !server.dry()) hash_.add(server.rank(), end.model);
    co_return;
  }

  Parabolas parabolas_;
  Federation<double> federation_;
  std::size_t clients_;
  WeightsHash hash_;
};

class GossipingQuadratic final : public Workload {
 public:
  GossipingQuadratic(const QuadraticConfig& config, const GossipConfig& strategy,
                     const WorkloadParts& parts)
      : parabolas_(config, parts.members.size()),
        network_(strategy, parts, local_options(strategy, config.optimizer), parabolas_.clients()) {
    // The Hessian is a times the identity: any directions are its eigenvectors.
    const bool probes = strategy.curvature == CurvatureKind::kHutchinson;
    network_.use_eigenpairs(
        [a = config.a, probes](std::size_t node, std::span<const double> x, int count,
                               RandomStream) {
          const double curvature = a.size() == 1 ? a[0] : a[node];
          Eigenpairs<double> pairs;
          pairs.products = 1;
          if (probes) {
            pairs.diagonal.assign(x.size(), curvature);
            return pairs;
          }
          pairs.values.assign(static_cast<std::size_t>(count), curvature);
          pairs.vectors.resize(pairs.values.size() * x.size());
          for (std::size_t k = 0; k < pairs.values.size(); ++k) pairs.vectors[k * x.size() + k] = 1;
          return pairs;
        },
        1);
  }

  Task<> run(Node& node) override {
    return network_.run(
        node, 1,
        [this](Node& first, const GossipNetwork<double>::Round& r) { return observe(first, r); },
        [](Node& own, const GossipRound<double>& end) {
          const Position at{.step = end.round, .round = end.round};
          own.record("x", own.dry() ? 0 : end.model[0], at);
        });
  }
  std::string weights_hash() const override { return hash_.text(); }
  std::int64_t updates() const override { return network_.config().rounds; }
  std::int64_t updates_per_epoch() const override { return 1; }

 private:
  Task<> observe(Node& first, const GossipNetwork<double>::Round& round) {
    const Position at{.step = round.number, .round = round.number, .time = round.time};
    double sum = 0;
    std::size_t count = 0;
    for (const auto& model : round.models) {
      if (model.empty()) continue;
      sum += model[0];
      ++count;
    }
    const double mean = count == 0 ? 0 : sum / static_cast<double>(count);
    first.record("mean_x", mean, at);
    if (round.number == network_.config().rounds && !first.dry())
      hash_.add(first.rank(), std::span<const double>(&mean, 1));
    co_return;
  }

  Parabolas parabolas_;
  GossipNetwork<double> network_;
  WeightsHash hash_;
};

}  // namespace

std::unique_ptr<Workload> make_federated_quadratic(const QuadraticConfig& config,
                                                   const FederatedConfig& strategy,
                                                   const WorkloadParts& parts) {
  return std::make_unique<FederatedQuadratic>(config, strategy, parts);
}
std::unique_ptr<Workload> make_gossiping_quadratic(const QuadraticConfig& config,
                                                   const GossipConfig& strategy,
                                                   const WorkloadParts& parts) {
  return std::make_unique<GossipingQuadratic>(config, strategy, parts);
}

}  // namespace understudy
