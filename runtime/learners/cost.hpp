// What a computation costs, counted from the model, independent of any device.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace understudy {

// The parts of a training step that are charged, and reported, separately.
enum class Phase { kLoad, kCopy, kForward, kLoss, kBackward, kUpdate, kReduce, kEvaluate };
inline constexpr int kPhases = 8;
const char* name(Phase phase);

// One kernel: floating-point operations (a multiply-add is two) and bytes moved to and from memory.
// For kLoad `samples` counts; for kCopy `bytes` crosses the host link. One of neither operations nor
// bytes is not launched, and only carries its mark.
struct KernelCost {
  Phase phase = Phase::kForward;
  double flops = 0;
  double bytes = 0;
  double samples = 0;
  // Marks are points of progress inside a computation: when this kernel ends, mark number `mark`
  // fires.
  std::optional<int> mark;
};

using Cost = std::vector<KernelCost>;

// Of a batch's samples, from where they are kept.
KernelCost load_cost(std::size_t samples);
// Of so many samples, of float32 inputs and one label each, over the host link.
KernelCost copy_cost(std::size_t samples, std::size_t inputs_of_sample);
// Of log-softmax over so many logits; in training (kLoss), of its gradient too.
KernelCost loss_cost(Phase phase, double logits);
void append(Cost& to, const Cost& more);

}  // namespace understudy
