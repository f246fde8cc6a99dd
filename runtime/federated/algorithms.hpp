// The makers of the algorithms, one file each.
#pragma once

#include "runtime/federated/algorithm.hpp"

namespace understudy {

template <class Scalar>
using AlgorithmPointer = std::unique_ptr<FederatedAlgorithm<Scalar>>;

// Whether Per-FedAvg's Hessian term is left out, or taken from a difference of gradients.
enum class SecondOrder { kLeftOut, kByDifference };
// Whether SuperFed draws one lambda for the model, or one for each layer.
enum class MixingScope { kModel, kLayer };

template <class Scalar>
AlgorithmPointer<Scalar> make_fedavg(const AlgorithmParts& parts);
template <class Scalar>
AlgorithmPointer<Scalar> make_fedprox(const AlgorithmParts& parts);
template <class Scalar>
AlgorithmPointer<Scalar> make_scaffold(const AlgorithmParts& parts);
template <class Scalar>
AlgorithmPointer<Scalar> make_fedadam(const AlgorithmParts& parts);
template <class Scalar>
AlgorithmPointer<Scalar> make_per_fedavg(const AlgorithmParts& parts, SecondOrder second_order);
template <class Scalar>
AlgorithmPointer<Scalar> make_fedper(const AlgorithmParts& parts);
template <class Scalar>
AlgorithmPointer<Scalar> make_fedrep(const AlgorithmParts& parts);
template <class Scalar>
AlgorithmPointer<Scalar> make_apfl(const AlgorithmParts& parts);
template <class Scalar>
AlgorithmPointer<Scalar> make_ditto(const AlgorithmParts& parts);
template <class Scalar>
AlgorithmPointer<Scalar> make_loss_weighted(const AlgorithmParts& parts);
template <class Scalar>
AlgorithmPointer<Scalar> make_superfed(const AlgorithmParts& parts, MixingScope scope);

}  // namespace understudy
