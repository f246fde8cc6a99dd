// FedPer: all layers train together, and only the shared ones are averaged (Arivazhagan et al.,
// "Federated learning with personalization layers", 2019).
#include "runtime/federated/algorithms.hpp"
#include "runtime/federated/descent.hpp"
#include "runtime/federated/personal_head.hpp"

namespace understudy {
namespace {

template <class Scalar>
class FedPer final : public PersonalHead<Scalar> {
 public:
  using PersonalHead<Scalar>::PersonalHead;
  void train(const ClientTurn<Scalar>& turn) const override {
    const std::vector<Scalar> start = this->assemble(turn);
    this->take_apart(descend<Scalar>(start, turn.work), turn);
  }
};

}  // namespace

template <class Scalar>
AlgorithmPointer<Scalar> make_fedper(const AlgorithmParts& parts) {
  return std::make_unique<FedPer<Scalar>>(parts);
}
template AlgorithmPointer<float> make_fedper(const AlgorithmParts&);
template AlgorithmPointer<double> make_fedper(const AlgorithmParts&);

}  // namespace understudy
