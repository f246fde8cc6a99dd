// A TorchScript module that torch.jit.save wrote, as far as its file tells without LibTorch: names and
// shapes of parameters and buffers, and their values. learners/torch computes it.
#pragma once

#include <string>
#include <vector>

#include "runtime/learners/cost.hpp"
#include "runtime/learners/layer.hpp"
#include "runtime/learners/layout.hpp"

namespace understudy {

struct ScriptedModule {
  std::string file;
  // Each module's own parameters, then its buffers, then those of the modules in it: state_dict()'s
  // order. Parameters that need no gradient are buffers here.
  Layout layout;
  int classes = 10;
  double flops = 0;  // of one sample's way forward
};

// Reads layout and values. Throws DataError: no such file, no TorchScript archive, parameters that are
// no float32, one tensor under two names, no parameter at all.
struct ScriptedFile {
  Layout layout;
  std::vector<float> values;  // of the layout's size
};
ScriptedFile read_scripted_module(const std::string& file);

// What a file does not tell is estimated: of a sample's way forward, where it is not declared, two
// operations for each parameter.
double flops_estimate(const Layout& layout);

// As training_cost() and evaluation_cost() of model.hpp, with one kernel for each slice: it has its
// share, by size, of the operations forward, and twice that backward. Activations' bytes are not known
// and not counted.
Cost training_cost(const ScriptedModule& module, const ActivationShape& input, std::size_t count);
Cost evaluation_cost(const ScriptedModule& module, const ActivationShape& input, std::size_t count);

}  // namespace understudy
