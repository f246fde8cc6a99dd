// Losses between models as a scenario states them.
#pragma once

#include <variant>

namespace understudy {

// Who learns from whom while the target trains.
//   frozen          the target from the members, which stay as they are
//   mean_logit      likewise, from the mean of their logits
//   bidirectional   the target from the members, each member from the target
//   mutual          every model from all others (Zhang, Xiang, Hospedales, Lu, "Deep mutual learning",
//                   CVPR 2018)
//   codistillation  as mutual, from the others as they were at the last exchange (Anil et al., "Large
//                   scale distributed neural network training through online distillation", ICLR 2018)
enum class TransferMode { kFrozen, kMeanLogit, kBidirectional, kMutual, kCodistillation };

// Whether members go on learning while the target does.
inline bool members_learn(TransferMode mode) {
  return mode != TransferMode::kFrozen && mode != TransferMode::kMeanLogit;
}

struct SteadyCourse {};
// From start_fraction to final_fraction of the value, linearly over the target's updates.
struct LinearCourse {
  double start_fraction = 0;
  double final_fraction = 1;
};
using Course = std::variant<SteadyCourse, LinearCourse>;

// The loss of a model is its cross entropy and, with its weight w and the temperature T,
// w T^2 (1/K) sum_k KL(p_k^T || p^T) over the K models that it learns from (Hinton, Vinyals, Dean,
// "Distilling the knowledge in a neural network", 2015).
struct TransferLossConfig {
  TransferMode mode = TransferMode::kFrozen;
  double weight = 0.5;                    // 0..1, the target's
  double member_weight = 0.5;             // 0..1
  double temperature = 4;                 // > 0
  Course weight_course = SteadyCourse{};  // of both weights
  Course temperature_course = SteadyCourse{};
};

}  // namespace understudy
