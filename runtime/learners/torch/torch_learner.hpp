// Learners computed by LibTorch. This header is free of it.
#pragma once

#include <memory>

#include "runtime/learners/compute_device.hpp"
#include "runtime/learners/model.hpp"

namespace understudy {

// The model in float or double, one thread per call. The hook is called with each slice as backward
// completes it, from the last slice to the first.
//
// On the processor parameters and gradients are read and written where the caller keeps them, and the
// bits depend on nothing but the arguments and its instruction set. A GPU has copies of its own: the
// parameters go there at each call, slices of the gradient come back while backward goes on, and second
// derivatives are still the processor's. Throws ScenarioError where there is no such GPU. A scripted
// model's module is loaded and tried: throws DataError where it is none that could be trained. In double,
// only models of layers.
std::unique_ptr<Learner> make_torch_learner(const Model& model, const ComputeDevice& device = {});
std::unique_ptr<BasicLearner<double>> make_torch_learner_double(const Model& model,
                                                                const ComputeDevice& device = {});
// As on a GPU, with copies and the library's kernels only, but on the processor: for tests.
std::unique_ptr<BasicLearner<double>> make_copying_learner(const Model& model);

}  // namespace understudy
