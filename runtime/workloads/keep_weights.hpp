// Which trained weights a run leaves behind.
#pragma once

namespace understudy {

// None; those at the end; or these and those of the least validation loss.
enum class KeepWeights { kNone, kFinal, kBest };

}  // namespace understudy
