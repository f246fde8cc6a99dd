// FedAdam: clients train as in FedAvg, the server takes their mean for a gradient (Reddi et al.,
// "Adaptive federated optimization", ICLR 2021, algorithm 2). With D the mean of what training added:
//   m = beta1 m + (1 - beta1) D,  v = beta2 v + (1 - beta2) D^2,  x = x + server_lr m / (sqrt(v) + tau)
// from m = 0 and v = tau^2, without bias correction, as there.
#include "runtime/federated/algorithms.hpp"
#include "runtime/federated/descent.hpp"

namespace understudy {
namespace {

template <class Scalar>
class FedAdam final : public FederatedAlgorithm<Scalar> {
 public:
  FedAdam(const Layout& layout, const FederatedSettings& settings)
      : FederatedAlgorithm<Scalar>(layout), settings_(settings) {}

  // The server's m and v, one after the other.
  ServerState<Scalar> start(std::span<const Scalar> initial) const override {
    const std::size_t n = initial.size();
    ServerState<Scalar> server{{initial.begin(), initial.end()}, std::vector<Scalar>(2 * n)};
    std::fill(server.extra.begin() + static_cast<std::ptrdiff_t>(n), server.extra.end(),
              static_cast<Scalar>(settings_.tau * settings_.tau));
    return server;
  }

  void train(const ClientTurn<Scalar>& turn) const override {
    const std::vector<Scalar> x = descend<Scalar>(turn.given, turn.work);
    subtract<Scalar>(x, turn.given, turn.answer);
  }

  void aggregate(std::span<const ClientAnswer<Scalar>> answers,
                 ServerState<Scalar>& server) const override {
    const std::size_t n = server.model.size();
    std::vector<Scalar> mean(n);
    add_mean<Scalar>(answers, weights_by_samples(answers), 0, 1, mean);
    Scalar* m = server.extra.data();
    Scalar* v = m + n;
    const auto blend = [](double beta, Scalar old, double fresh) {
      return static_cast<Scalar>(beta * static_cast<double>(old) + (1 - beta) * fresh);
    };
    for (std::size_t i = 0; i < n; ++i) {
      const auto d = static_cast<double>(mean[i]);
      m[i] = blend(settings_.beta1, m[i], d);
      v[i] = blend(settings_.beta2, v[i], d * d);
      const double step =
          static_cast<double>(m[i]) / (std::sqrt(static_cast<double>(v[i])) + settings_.tau);
      server.model[i] += static_cast<Scalar>(settings_.server_lr * step);
    }
  }

 private:
  FederatedSettings settings_;
};

}  // namespace

template <class Scalar>
AlgorithmPointer<Scalar> make_fedadam(const AlgorithmParts& parts) {
  return std::make_unique<FedAdam<Scalar>>(parts.layout, parts.settings);
}
template AlgorithmPointer<float> make_fedadam(const AlgorithmParts&);
template AlgorithmPointer<double> make_fedadam(const AlgorithmParts&);

}  // namespace understudy
