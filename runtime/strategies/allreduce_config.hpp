// Synchronous data parallelism as a scenario states it.
#pragma once

#include "runtime/base/units.hpp"
#include "runtime/collectives/collective_config.hpp"

namespace understudy {

// Gradients are averaged before every update.
struct AllreduceConfig {
  CollectiveConfig collective;
  Bytes bucket{25 << 20};  // gradients travel in groups of whole tensors of about this size
  bool overlap = true;     // false: the exchange starts when backward has ended
};

}  // namespace understudy
