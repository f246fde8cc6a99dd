// What FedPer and FedRep have in common: the last layers are each client's own, the others shared.
#pragma once

#include <algorithm>

#include "runtime/federated/algorithm.hpp"
#include "runtime/federated/arithmetic.hpp"
#include "runtime/federated/layers.hpp"

namespace understudy {

// The client keeps its head, which begins as all nodes draw it alike.
template <class Scalar>
class PersonalHead : public FederatedAlgorithm<Scalar> {
 public:
  explicit PersonalHead(const AlgorithmParts& parts)
      : FederatedAlgorithm<Scalar>(parts.layout),
        shared_(start_of_head(parts.layout, parts.settings.personal_layers)) {}

  std::size_t shared_size() const override { return shared_; }

  bool personalises() const override { return true; }
  void personal(std::span<const Scalar> shared, std::span<const Scalar> kept,
                LocalWork<Scalar>& work, std::span<Scalar> out) const override {
    if (kept.empty()) work.common_initial(out);
    std::copy(shared.begin(), shared.end(), out.begin());
    std::copy(kept.begin(), kept.end(), out.begin() + static_cast<std::ptrdiff_t>(shared_));
  }

 protected:
  std::vector<Scalar> assemble(const ClientTurn<Scalar>& turn) const {
    std::vector<Scalar> x(turn.work.size());
    personal(turn.given, turn.kept, turn.work, x);
    return x;
  }
  void take_apart(std::span<const Scalar> x, const ClientTurn<Scalar>& turn) const {
    subtract<Scalar>(x.first(shared_), turn.given, turn.answer);
    turn.kept.assign(x.begin() + static_cast<std::ptrdiff_t>(shared_), x.end());
  }

 private:
  std::size_t shared_;
};

}  // namespace understudy
