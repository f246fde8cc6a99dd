// Per-FedAvg: the server's model is a start from which one step on a client's own samples goes far
// (Fallah, Mokhtari, Ozdaglar, "Personalized federated learning with theoretical guarantees: a
// model-agnostic meta-learning approach", NeurIPS 2020). A local step, on batches D and D':
//   u = x - alpha g(x; D),  x = x - lr (I - alpha H(x; D)) g(u; D')
// FO leaves H out; HF has H v = (g(x + d v) - g(x - d v)) / (2 d), with d v of length `difference`.
// The client uses x - alpha g(x).
#include "runtime/federated/algorithms.hpp"
#include "runtime/federated/descent.hpp"

namespace understudy {
namespace {

template <class Scalar>
class PerFedAvg final : public FederatedAlgorithm<Scalar> {
 public:
  PerFedAvg(const AlgorithmParts& parts, SecondOrder second_order)
      : FederatedAlgorithm<Scalar>(parts.layout),
        alpha_(parts.settings.inner_lr),
        difference_(parts.settings.difference),
        second_order_(second_order) {}

  Effort effort(int) const override {
    const bool by_difference = second_order_ == SecondOrder::kByDifference;
    return {.gradients = by_difference ? 4 : 2, .updates = by_difference ? 4 : 2};
  }

  void train(const ClientTurn<Scalar>& turn) const override {
    std::vector<Scalar> x(turn.given.begin(), turn.given.end()), adapted(x.size()),
        gradient(x.size());
    Sgd<Scalar> optimizer = turn.work.optimizer();
    for (std::size_t k = 0; k < turn.work.steps(); ++k) {
      adapt(x, 2 * k, turn.work, adapted);
      turn.work.gradient(adapted, 2 * k + 1, gradient);
      if (second_order_ == SecondOrder::kByDifference) correct(x, 2 * k, turn.work, gradient);
      optimizer.step(x, gradient, turn.work.options().lr);
    }
    subtract<Scalar>(x, turn.given, turn.answer);
  }

  bool personalises() const override { return true; }
  void personal(std::span<const Scalar> shared, std::span<const Scalar>, LocalWork<Scalar>& work,
                std::span<Scalar> out) const override {
    std::vector<Scalar> x(shared.begin(), shared.end()), adapted(x.size());
    adapt(x, 0, work, adapted);
    std::copy(adapted.begin(), adapted.end(), out.begin());
  }

 private:
  void adapt(std::vector<Scalar>& x, std::size_t batch, LocalWork<Scalar>& work,
             std::vector<Scalar>& adapted) const {
    work.gradient(x, batch, adapted);
    const auto alpha = static_cast<Scalar>(alpha_);
    for (std::size_t i = 0; i < x.size(); ++i) adapted[i] = x[i] - alpha * adapted[i];
  }

  // gradient -= alpha H gradient
  void correct(const std::vector<Scalar>& x, std::size_t batch, LocalWork<Scalar>& work,
               std::vector<Scalar>& gradient) const {
    const double length = norm<Scalar>(gradient);
    if (length == 0) return;
    const double d = difference_ / length;
    std::vector<Scalar> at = x, ahead(x.size()), behind(x.size());
    add_scaled<Scalar>(at, d, gradient);
    work.gradient(at, batch, ahead);
    at = x;
    add_scaled<Scalar>(at, -d, gradient);
    work.gradient(at, batch, behind);
    add_scaled<Scalar>(gradient, -alpha_ / (2 * d), ahead);
    add_scaled<Scalar>(gradient, alpha_ / (2 * d), behind);
  }

  double alpha_;
  double difference_;
  SecondOrder second_order_;
};

}  // namespace

template <class Scalar>
AlgorithmPointer<Scalar> make_per_fedavg(const AlgorithmParts& parts, SecondOrder second_order) {
  return std::make_unique<PerFedAvg<Scalar>>(parts, second_order);
}
template AlgorithmPointer<float> make_per_fedavg(const AlgorithmParts&, SecondOrder);
template AlgorithmPointer<double> make_per_fedavg(const AlgorithmParts&, SecondOrder);

}  // namespace understudy
