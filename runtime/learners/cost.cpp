#include "runtime/learners/cost.hpp"

namespace understudy {

const char* name(Phase phase) {
  switch (phase) {
    case Phase::kLoad:
      return "load";
    case Phase::kCopy:
      return "copy";
    case Phase::kForward:
      return "forward";
    case Phase::kLoss:
      return "loss";
    case Phase::kBackward:
      return "backward";
    case Phase::kUpdate:
      return "update";
    case Phase::kReduce:
      return "reduce";
    case Phase::kEvaluate:
      return "evaluate";
  }
  return "unknown";
}

KernelCost load_cost(std::size_t samples) {
  KernelCost load;
  load.phase = Phase::kLoad;
  load.samples = static_cast<double>(samples);
  return load;
}

KernelCost copy_cost(std::size_t samples, std::size_t inputs_of_sample) {
  constexpr double kLabelBytes = 8;
  const auto count = static_cast<double>(samples);
  KernelCost copy;
  copy.phase = Phase::kCopy;
  copy.bytes = count * (static_cast<double>(inputs_of_sample) * sizeof(float) + kLabelBytes);
  copy.samples = count;
  return copy;
}

// Log-softmax takes a maximum, a difference, an exponential, a sum and a difference per logit. Its
// gradient, in training, another three.
KernelCost loss_cost(Phase phase, double logits) {
  const bool training = phase == Phase::kLoss;
  KernelCost loss;
  loss.phase = phase;
  loss.flops = logits * (training ? 8 : 5);
  loss.bytes = logits * (training ? 4 : 2) * sizeof(float);
  return loss;
}

void append(Cost& to, const Cost& more) { to.insert(to.end(), more.begin(), more.end()); }

}  // namespace understudy
