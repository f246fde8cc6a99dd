// Sampling as a scenario states it.
#pragma once

namespace understudy {

// Python's torch.utils.data.DistributedSampler, option by option.
struct SamplerConfig {
  bool shuffle = true;
  bool set_epoch = true;   // false: the same order every epoch, as when set_epoch() is never called
  bool drop_last = false;  // false: pad so that all ranks hold equally many
};

}  // namespace understudy
