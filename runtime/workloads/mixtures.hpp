// Mixtures of two models, (1 - l) shared + l own, by how well they do on samples that a client withheld
// from training and on its part of the test set.
#pragma once

#include <array>
#include <cstddef>

namespace understudy {

struct MixtureScores {
  static constexpr std::size_t kShares = 11;  // l = 0, 0.1, ..., 1
  static constexpr std::size_t kHalf = 5;     // l = 0.5
  static double share(std::size_t i) { return static_cast<double>(i) / (kShares - 1); }

  std::array<double, kShares> validation_accuracy{}, validation_loss{}, test_accuracy{};

  // The share that validation chooses: the most accurate, of equal ones that of the least loss, then the
  // smallest. Test samples have no say.
  std::size_t chosen() const;
  // The share that does best on the test samples: a bound that no choice made without them passes.
  std::size_t oracle() const;
};

}  // namespace understudy
