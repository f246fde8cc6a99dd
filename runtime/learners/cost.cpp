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

void append(Cost& to, const Cost& more) { to.insert(to.end(), more.begin(), more.end()); }

}  // namespace understudy
