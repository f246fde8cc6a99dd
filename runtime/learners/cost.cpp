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

}  // namespace understudy
