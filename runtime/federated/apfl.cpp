// APFL: each client mixes a model of its own with the server's (Deng, Kamani, Mahdavi, "Adaptive
// personalized federated learning", 2020, algorithm 1). Per batch, with m = alpha v + (1 - alpha) w:
//   w = w - lr g(w),  v = v - lr alpha g(m)
// and, with adapt_mixing, in a round's first step alpha = alpha - lr <v - w, g(m)>, kept in 0..1. w
// begins at the server's model in each round and its change is uploaded; the client uses m.
#include "runtime/federated/algorithms.hpp"
#include "runtime/federated/descent.hpp"

namespace understudy {
namespace {

template <class Scalar>
class Apfl final : public FederatedAlgorithm<Scalar> {
 public:
  explicit Apfl(const AlgorithmParts& parts)
      : FederatedAlgorithm<Scalar>(parts.layout), settings_(parts.settings) {}

  Effort effort(int) const override { return {.gradients = 2, .updates = 2}; }

  // Kept: v, then alpha.
  void train(const ClientTurn<Scalar>& turn) const override {
    LocalWork<Scalar>& work = turn.work;
    std::vector<Scalar>& v = turn.kept;
    double alpha = settings_.mixing;
    if (v.empty()) {
      v.assign(turn.given.begin(), turn.given.end());
    } else {
      alpha = static_cast<double>(v.back());
      v.pop_back();
    }
    std::vector<Scalar> w(turn.given.begin(), turn.given.end()), mixed(w.size()), of_w(w.size()),
        of_mixed(w.size());
    Sgd<Scalar> shared = work.optimizer(), own = work.optimizer();
    for (std::size_t k = 0; k < work.steps(); ++k) {
      mix<Scalar>(w, v, alpha, mixed);
      work.gradient(w, k, of_w);
      work.gradient(mixed, k, of_mixed);
      if (settings_.adapt_mixing && k == 0) alpha = adapted(alpha, w, v, of_mixed, work);
      const auto share = static_cast<Scalar>(alpha);
      for (Scalar& g : of_mixed) g *= share;
      shared.step(w, of_w, work.options().lr);
      own.step(v, of_mixed, work.options().lr);
    }
    subtract<Scalar>(w, turn.given, turn.answer);
    v.push_back(static_cast<Scalar>(alpha));
  }

  bool personalises() const override { return true; }
  bool mixes() const override { return true; }
  std::span<const Scalar> mixed_in(std::span<const Scalar> kept) const override {
    return kept.empty() ? kept : kept.first(kept.size() - 1);
  }
  void personal(std::span<const Scalar> shared, std::span<const Scalar> kept, LocalWork<Scalar>&,
                std::span<Scalar> out) const override {
    if (kept.empty()) {
      std::copy(shared.begin(), shared.end(), out.begin());
    } else {
      mix<Scalar>(shared, kept.first(shared.size()), static_cast<double>(kept.back()), out);
    }
  }

 private:
  static double adapted(double alpha, const std::vector<Scalar>& w, const std::vector<Scalar>& v,
                        const std::vector<Scalar>& gradient, const LocalWork<Scalar>& work) {
    const double slope = dot<Scalar>(v, gradient) - dot<Scalar>(w, gradient);
    return std::clamp(alpha - work.options().lr * slope, 0.0, 1.0);
  }
  FederatedSettings settings_;
};

}  // namespace

template <class Scalar>
AlgorithmPointer<Scalar> make_apfl(const AlgorithmParts& parts) {
  return std::make_unique<Apfl<Scalar>>(parts);
}
template AlgorithmPointer<float> make_apfl(const AlgorithmParts&);
template AlgorithmPointer<double> make_apfl(const AlgorithmParts&);

}  // namespace understudy
