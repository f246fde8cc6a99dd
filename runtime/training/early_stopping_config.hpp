// When training ends before its time, as a scenario states it.
#pragma once

namespace understudy {

// Once the validation loss has not fallen below the least so far by more than min_delta, `patience`
// evaluations in a row (Prechelt, "Early stopping - but when?", 1998).
struct EarlyStoppingConfig {
  int patience = 3;
  double min_delta = 0;  // >= 0
};

}  // namespace understudy
