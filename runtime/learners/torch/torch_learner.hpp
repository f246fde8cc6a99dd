// Learners computed by LibTorch. This header is free of it.
#pragma once

#include <memory>

#include "runtime/learners/model.hpp"

namespace understudy {

// The model on the CPU, one thread per call, in float or double. Parameters and gradients are read
// and written where the caller keeps them. The hook is called with each slice as backward completes
// it, from the last slice to the first. The bits depend on nothing but the arguments and the CPU's
// instruction set. A scripted model's module is loaded and tried: throws DataError where it is none
// that could be trained. In double, only models of layers.
std::unique_ptr<Learner> make_torch_learner(const Model& model);
std::unique_ptr<BasicLearner<double>> make_torch_learner_double(const Model& model);

}  // namespace understudy
