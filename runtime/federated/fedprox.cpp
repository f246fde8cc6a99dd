// FedProx: clients minimise f_i(x) + mu/2 |x - x_server|^2 (Li et al., "Federated optimization in
// heterogeneous networks", MLSys 2020).
#include "runtime/federated/algorithms.hpp"
#include "runtime/federated/descent.hpp"

namespace understudy {
namespace {

template <class Scalar>
class FedProx final : public FederatedAlgorithm<Scalar> {
 public:
  FedProx(const Layout& layout, double mu) : FederatedAlgorithm<Scalar>(layout), mu_(mu) {}
  void train(const ClientTurn<Scalar>& turn) const override {
    const Proximal<Scalar> pull{mu_, turn.given};
    const std::vector<Scalar> x = mu_ == 0 ? descend<Scalar>(turn.given, turn.work)
                                           : descend<Scalar>(turn.given, turn.work, pull);
    subtract<Scalar>(x, turn.given, turn.answer);
  }

 private:
  double mu_;
};

}  // namespace

template <class Scalar>
AlgorithmPointer<Scalar> make_fedprox(const AlgorithmParts& parts) {
  return std::make_unique<FedProx<Scalar>>(parts.layout, parts.settings.mu);
}
template AlgorithmPointer<float> make_fedprox(const AlgorithmParts&);
template AlgorithmPointer<double> make_fedprox(const AlgorithmParts&);

}  // namespace understudy
