// What a TorchScript module's graph tells before it runs.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>

namespace understudy {

struct ScriptedGraph {
  bool draws = false;       // random numbers
  bool normalises = false;  // over the batch
  // An operation that does other things in training, but was told once and for all which ("dropout");
  // empty: there is none.
  std::string frozen{};
  bool frozen_in_training = false;
};

// Of the module's forward, with all that it calls.
ScriptedGraph look_at(const torch::jit::Module& module);

}  // namespace understudy
