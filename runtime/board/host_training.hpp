// What a board would compute, computed here: the same calls of firmware/kernel.h in the same order.
#pragma once

#include <vector>

#include "runtime/board/shard.hpp"

namespace understudy {

// The weights, features + 1 of them and the intercept last, after training from `weights` on all of
// the shard; equal to a board's to the bit.
std::vector<float> train_on_host(const Shard& shard, const BoardTraining& training,
                                 std::vector<float> weights);

}  // namespace understudy
