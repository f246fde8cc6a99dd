// FedAvg: each client takes steps of SGD from the server's model (McMahan et al., AISTATS 2017).
#include "runtime/federated/algorithms.hpp"
#include "runtime/federated/descent.hpp"

namespace understudy {
namespace {

template <class Scalar>
class FedAvg final : public FederatedAlgorithm<Scalar> {
 public:
  using FederatedAlgorithm<Scalar>::FederatedAlgorithm;
  void train(const ClientTurn<Scalar>& turn) const override {
    const std::vector<Scalar> x = descend<Scalar>(turn.given, turn.work);
    subtract<Scalar>(x, turn.given, turn.answer);
  }
};

}  // namespace

template <class Scalar>
AlgorithmPointer<Scalar> make_fedavg(const AlgorithmParts& parts) {
  return std::make_unique<FedAvg<Scalar>>(parts.layout);
}
template AlgorithmPointer<float> make_fedavg(const AlgorithmParts&);
template AlgorithmPointer<double> make_fedavg(const AlgorithmParts&);

}  // namespace understudy
