// Ditto: beside FedAvg each client trains a model of its own, held near the server's: v minimises
// f_i(v) + lambda/2 |v - x_server|^2 (Li et al., "Ditto: fair and robust federated learning through
// personalization", ICML 2021, algorithm 1).
#include "runtime/federated/algorithms.hpp"
#include "runtime/federated/descent.hpp"

namespace understudy {
namespace {

template <class Scalar>
class Ditto final : public FederatedAlgorithm<Scalar> {
 public:
  Ditto(const Layout& layout, double lambda)
      : FederatedAlgorithm<Scalar>(layout), lambda_(lambda) {}

  Effort effort(int) const override { return {.gradients = 2, .updates = 2}; }

  void train(const ClientTurn<Scalar>& turn) const override {
    const std::vector<Scalar> x = descend<Scalar>(turn.given, turn.work);
    subtract<Scalar>(x, turn.given, turn.answer);
    std::vector<Scalar>& v = turn.kept;
    if (v.empty()) v.assign(turn.given.begin(), turn.given.end());
    v = descend<Scalar>(v, turn.work, Proximal<Scalar>{lambda_, turn.given});
  }

  bool personalises() const override { return true; }
  void personal(std::span<const Scalar> shared, std::span<const Scalar> kept, LocalWork<Scalar>&,
                std::span<Scalar> out) const override {
    const auto own = kept.empty() ? shared : kept;
    std::copy(own.begin(), own.end(), out.begin());
  }

 private:
  double lambda_;
};

}  // namespace

template <class Scalar>
AlgorithmPointer<Scalar> make_ditto(const AlgorithmParts& parts) {
  return std::make_unique<Ditto<Scalar>>(parts.layout, parts.settings.lambda);
}
template AlgorithmPointer<float> make_ditto(const AlgorithmParts&);
template AlgorithmPointer<double> make_ditto(const AlgorithmParts&);

}  // namespace understudy
