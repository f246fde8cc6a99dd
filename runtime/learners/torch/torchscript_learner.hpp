// Learners of TorchScript modules, by the interpreter and autograd of LibTorch. This header is free of it.
#pragma once

#include <memory>

#include "runtime/learners/model.hpp"

namespace understudy {

// Of a scripted model: forward(images [count, channels, rows, columns]) -> logits [count, classes].
// Parameters are views of the caller's vector; buffers are copied in and their new values out. Graphs
// run as they are written, not optimised by what earlier runs were like, so that bits depend on the
// arguments alone; what a module draws comes from the stream it is given. Second derivatives as
// BasicLearner says, but none of a module with both dropout and batch normalisation.
// Throws DataError where LibTorch can't load the module, training changes nothing in it that should
// change, or it gives something else than such logits.
std::unique_ptr<Learner> make_torchscript_learner(const Model& model);

}  // namespace understudy
