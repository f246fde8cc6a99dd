// FedRep: first the client's own head trains on the shared layers as they came, then those on the head
// as it now is (Collins et al., "Exploiting shared representations for personalized federated
// learning", ICML 2021). The head takes head_passes times as many steps.
#include "runtime/federated/algorithms.hpp"
#include "runtime/federated/personal_head.hpp"

namespace understudy {
namespace {

template <class Scalar>
class FedRep final : public PersonalHead<Scalar> {
 public:
  explicit FedRep(const AlgorithmParts& parts)
      : PersonalHead<Scalar>(parts),
        passes_(parts.settings.head_passes),
        head_(only_trainable(parts.layout, this->shared_size(), parts.layout.size)),
        body_(only_trainable(parts.layout, 0, this->shared_size())) {}

  Effort effort(int) const override { return {.gradients = 1 + passes_, .updates = 1 + passes_}; }

  void train(const ClientTurn<Scalar>& turn) const override {
    std::vector<Scalar> x = this->assemble(turn), gradient(x.size());
    const std::size_t steps = turn.work.steps();
    const std::size_t of_head = steps * static_cast<std::size_t>(passes_);
    const SgdConfig& sgd = turn.work.options().sgd;
    Sgd<Scalar> head(sgd, head_), body(sgd, body_);
    for (std::size_t k = 0; k < of_head + steps; ++k) {
      turn.work.gradient(x, k, gradient);
      (k < of_head ? head : body).step(x, gradient, turn.work.options().lr);
    }
    this->take_apart(x, turn);
  }

 private:
  int passes_;
  Layout head_;
  Layout body_;
};

}  // namespace

template <class Scalar>
AlgorithmPointer<Scalar> make_fedrep(const AlgorithmParts& parts) {
  return std::make_unique<FedRep<Scalar>>(parts);
}
template AlgorithmPointer<float> make_fedrep(const AlgorithmParts&);
template AlgorithmPointer<double> make_fedrep(const AlgorithmParts&);

}  // namespace understudy
