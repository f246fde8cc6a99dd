// Convolutions of many channels over few pixels, as in the last blocks of a VGG.
#pragma once

#include <memory>

#include "runtime/learners/torch/stages.hpp"

namespace understudy {

// Where make_small_conv is the quicker stage. LibTorch multiplies one sample at a time, which over few
// pixels reads all weights anew for a handful of products each.
bool is_small_conv(const Conv2d& layer, const ActivationShape& input);
// One product for the whole batch, of its windows laid out as rows.
std::unique_ptr<Stage> make_small_conv(const Conv2d& layer, const ActivationShape& input,
                                       std::size_t slice);

}  // namespace understudy
