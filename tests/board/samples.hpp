// Random shards, the same for the same arguments.
#pragma once

#include <cmath>

#include "runtime/base/random.hpp"
#include "runtime/board/shard.hpp"

namespace understudy {

// Standard normal features; the label depends on the first of them.
inline Shard random_shard(int features, int samples, protocol::Element element,
                          std::uint32_t seed = 1) {
  RandomStream random({.seed = seed, .purpose = Purpose::kTest});
  std::vector<float> values;
  std::vector<std::uint8_t> labels;
  for (int i = 0; i < samples; ++i) {
    for (int j = 0; j < features; ++j) values.push_back(static_cast<float>(random.normal()));
    const double first = values[values.size() - static_cast<std::size_t>(features)];
    labels.push_back(random.uniform() < 1 / (1 + std::exp(-2 * first)) ? 1 : 0);
  }
  const float scale = fitting_scale(values, element);
  return make_shard(values, labels, {.features = features, .element = element, .scale = scale});
}

inline std::vector<float> random_weights(int features, std::uint32_t seed = 1) {
  RandomStream random({.seed = seed, .purpose = Purpose::kInit});
  std::vector<float> weights;
  for (int i = 0; i <= features; ++i) weights.push_back(static_cast<float>(0.1 * random.normal()));
  return weights;
}

}  // namespace understudy
