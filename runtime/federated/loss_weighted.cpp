// FedAvg whose weights adapt to how well each client's trained model does on the samples that the
// client withheld: weight_i ~ n_i exp(-sharpness loss_i). Above zero the better ones count more, below
// it the worse ones do, which is the direction of fairness (as in q-FedAvg: Li et al., "Fair resource
// allocation in federated learning", ICLR 2020); at zero it is FedAvg.
#include <limits>

#include "runtime/federated/algorithms.hpp"
#include "runtime/federated/descent.hpp"

namespace understudy {
namespace {

template <class Scalar>
class LossWeighted final : public FederatedAlgorithm<Scalar> {
 public:
  LossWeighted(const Layout& layout, double sharpness)
      : FederatedAlgorithm<Scalar>(layout), sharpness_(sharpness) {}

  Effort effort(int) const override { return {.validates = true}; }

  void train(const ClientTurn<Scalar>& turn) const override {
    const std::vector<Scalar> x = descend<Scalar>(turn.given, turn.work);
    subtract<Scalar>(x, turn.given, turn.answer);
  }

  // Relative to the largest exponent, so that none overflows and not all are zero.
  void aggregate(std::span<const ClientAnswer<Scalar>> answers,
                 ServerState<Scalar>& server) const override {
    double largest = -std::numeric_limits<double>::infinity();
    for (const auto& a : answers) largest = std::max(largest, -sharpness_ * a.validation_loss);
    std::vector<double> weights = weights_by_samples(answers);
    for (std::size_t i = 0; i < answers.size(); ++i)
      weights[i] *= std::exp(-sharpness_ * answers[i].validation_loss - largest);
    add_mean<Scalar>(answers, weights, 0, 1, server.model);
  }

 private:
  double sharpness_;
};

}  // namespace

template <class Scalar>
AlgorithmPointer<Scalar> make_loss_weighted(const AlgorithmParts& parts) {
  return std::make_unique<LossWeighted<Scalar>>(parts.layout, parts.settings.sharpness);
}
template AlgorithmPointer<float> make_loss_weighted(const AlgorithmParts&);
template AlgorithmPointer<double> make_loss_weighted(const AlgorithmParts&);

}  // namespace understudy
