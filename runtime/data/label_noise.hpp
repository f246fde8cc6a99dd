// Wrong labels in training data, as a scenario states them.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "runtime/base/random.hpp"

namespace understudy {

struct NoLabelNoise {};
// A wrong label is the next class: the last one's is the first (Han et al., "Co-teaching", NeurIPS
// 2018).
struct PairLabelNoise {
  double rate = 0.2;
};
// A wrong label is any other class, all equally likely.
struct SymmetricLabelNoise {
  double rate = 0.2;
};
using LabelNoiseConfig = std::variant<NoLabelNoise, PairLabelNoise, SymmetricLabelNoise>;

// The labels, each wrong with the probability `rate`.
std::vector<std::uint8_t> with_noise(const LabelNoiseConfig& config,
                                     std::span<const std::uint8_t> labels, std::uint32_t classes,
                                     RandomStream random);

}  // namespace understudy
