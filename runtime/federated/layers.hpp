// A model's layers, as algorithms divide it by them.
#pragma once

#include <vector>

#include "runtime/learners/learner.hpp"

namespace understudy {

// Consecutive slices of one layer: those whose names agree up to the last dot.
struct LayerStretch {
  std::size_t offset = 0;
  std::size_t size = 0;
};
std::vector<LayerStretch> layers_of(const Layout& layout);

// Where the last `layers` layers begin. Throws ScenarioError where nothing would be left before them.
std::size_t start_of_head(const Layout& layout, int layers);

// The layout with only the slices of [from, to) trainable.
Layout only_trainable(Layout layout, std::size_t from, std::size_t to);

}  // namespace understudy
