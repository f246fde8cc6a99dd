#include "runtime/federated/algorithm.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "runtime/base/errors.hpp"
#include "runtime/federated/algorithms.hpp"

namespace understudy {

template <class Scalar>
ServerState<Scalar> FederatedAlgorithm<Scalar>::start(std::span<const Scalar> initial) const {
  const auto shared = initial.first(shared_size());
  return {{shared.begin(), shared.end()}, {}};
}

template <class Scalar>
void FederatedAlgorithm<Scalar>::give(const ServerState<Scalar>& server,
                                      std::span<Scalar> out) const {
  std::copy(server.model.begin(), server.model.end(), out.begin());
}

template <class Scalar>
Effort FederatedAlgorithm<Scalar>::effort(int) const {
  return {};
}

template <class Scalar>
void FederatedAlgorithm<Scalar>::aggregate(std::span<const ClientAnswer<Scalar>> answers,
                                           ServerState<Scalar>& server) const {
  add_mean<Scalar>(answers, weights_by_samples(answers), 0, 1, server.model);
}

template <class Scalar>
void FederatedAlgorithm<Scalar>::personal(std::span<const Scalar> shared, std::span<const Scalar>,
                                          LocalWork<Scalar>&, std::span<Scalar> out) const {
  std::copy(shared.begin(), shared.end(), out.begin());
}

template <class Scalar>
std::vector<double> weights_by_samples(std::span<const ClientAnswer<Scalar>> answers) {
  std::vector<double> weights;
  for (const auto& answer : answers) weights.push_back(answer.samples * answer.discount);
  return weights;
}

template <class Scalar>
void add_mean(std::span<const ClientAnswer<Scalar>> answers, std::span<const double> weights,
              std::size_t from, double factor, std::span<Scalar> model) {
  UNDERSTUDY_CHECK(!answers.empty() && weights.size() == answers.size());
  const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
  UNDERSTUDY_CHECK(all > 0);
  // In pieces that stay in the cache.
  std::array<double, 1024> sums;
  for (std::size_t first = 0; first < model.size(); first += sums.size()) {
    const std::size_t count = std::min(sums.size(), model.size() - first);
    sums.fill(0);
    for (std::size_t a = 0; a < answers.size(); ++a) {
      const auto values = answers[a].values.subspan(from + first, count);
      for (std::size_t i = 0; i < count; ++i)
        sums[i] += weights[a] * static_cast<double>(values[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      Scalar& value = model[first + i];
      value = static_cast<Scalar>(static_cast<double>(value) + factor * sums[i] / all);
    }
  }
}

template <class Scalar>
std::unique_ptr<FederatedAlgorithm<Scalar>> make_algorithm(FederatedKind kind,
                                                           const AlgorithmParts& parts) {
  switch (kind) {
    case FederatedKind::kFedAvg:
      break;
    case FederatedKind::kFedProx:
      return make_fedprox<Scalar>(parts);
    case FederatedKind::kScaffold:
      return make_scaffold<Scalar>(parts);
    case FederatedKind::kFedAdam:
      return make_fedadam<Scalar>(parts);
    case FederatedKind::kPerFedAvg:
      return make_per_fedavg<Scalar>(parts, SecondOrder::kLeftOut);
    case FederatedKind::kPerFedAvgHf:
      return make_per_fedavg<Scalar>(parts, SecondOrder::kByDifference);
    case FederatedKind::kFedPer:
      return make_fedper<Scalar>(parts);
    case FederatedKind::kFedRep:
      return make_fedrep<Scalar>(parts);
    case FederatedKind::kApfl:
      return make_apfl<Scalar>(parts);
    case FederatedKind::kDitto:
      return make_ditto<Scalar>(parts);
    case FederatedKind::kLossWeighted:
      return make_loss_weighted<Scalar>(parts);
    case FederatedKind::kSuperFedMm:
      return make_superfed<Scalar>(parts, MixingScope::kModel);
    case FederatedKind::kSuperFedLm:
      return make_superfed<Scalar>(parts, MixingScope::kLayer);
  }
  return make_fedavg<Scalar>(parts);
}

template class FederatedAlgorithm<float>;
template class FederatedAlgorithm<double>;
template std::vector<double> weights_by_samples(std::span<const ClientAnswer<float>>);
template std::vector<double> weights_by_samples(std::span<const ClientAnswer<double>>);
template void add_mean(std::span<const ClientAnswer<float>>, std::span<const double>, std::size_t,
                       double, std::span<float>);
template void add_mean(std::span<const ClientAnswer<double>>, std::span<const double>, std::size_t,
                       double, std::span<double>);
template std::unique_ptr<FederatedAlgorithm<float>> make_algorithm(FederatedKind,
                                                                   const AlgorithmParts&);
template std::unique_ptr<FederatedAlgorithm<double>> make_algorithm(FederatedKind,
                                                                    const AlgorithmParts&);

}  // namespace understudy
