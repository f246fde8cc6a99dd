#include "runtime/workloads/mixtures.hpp"

#include <algorithm>

namespace understudy {

std::size_t MixtureScores::chosen() const {
  std::size_t best = 0;
  for (std::size_t i = 1; i < kShares; ++i) {
    const double gain = validation_accuracy[i] - validation_accuracy[best];
    if (gain > 0 || (gain == 0 && validation_loss[i] < validation_loss[best])) best = i;
  }
  return best;
}

std::size_t MixtureScores::oracle() const {
  const auto best = std::max_element(test_accuracy.begin(), test_accuracy.end());
  return static_cast<std::size_t>(best - test_accuracy.begin());
}

}  // namespace understudy
