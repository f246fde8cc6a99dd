// The layers of a model as LibTorch computes them, forward and backward. Backward is written out
// instead of recorded: each gradient goes into the caller's vector (a linear layer's without a copy),
// and the hook fires between one layer's and the next's.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <span>
#include <vector>

#include "runtime/learners/model.hpp"

namespace understudy {

// One tensor per slice of the layout, viewing the vector: nothing is copied.
template <class Scalar>
std::vector<at::Tensor> slice_views(const Layout& layout, std::span<Scalar> vector);

// What one pass through the model works with.
struct Pass {
  std::span<const at::Tensor> parameters;  // per slice
  bool training = false;                   // keep what backward needs, and drop out
  RandomStream random;
  // Of residual connections: activations on the way forward, gradients on the way back.
  std::vector<at::Tensor> skips{};
};

// Where backward leaves its results.
struct Gradients {
  std::span<const at::Tensor> slices;
  const GradientHook& hook;
};

// What a stage keeps from forward for backward.
struct Saved {
  at::Tensor input;
  at::Tensor extra;
};

// One layer, or two that are quicker together. Images are [count, channels, rows, columns] in
// channels-last memory.
class Stage {
 public:
  virtual ~Stage() = default;
  // May overwrite `input`, but for the first stage's, which is the caller's.
  virtual at::Tensor forward(Pass& pass, at::Tensor input, Saved& saved) const = 0;
  // Owns `gradient` and may overwrite it. An undefined tensor comes back where the input's gradient
  // isn't wanted.
  virtual at::Tensor backward(Pass& pass, at::Tensor gradient, const Saved& saved,
                              const Gradients& out, bool input_gradient) const = 0;
  virtual bool has_parameters() const { return false; }
};

// Whether the next two layers are pooling without padding and ReLU, in either order: one stage.
bool pools_with_relu(std::span<const Layer> layers);
int pool_size(std::span<const Layer> pooling_and_relu);

// `portable`: without kernels of our own, which are the processor's alone.
std::vector<std::unique_ptr<Stage>> make_stages(const Model& model, bool portable);

}  // namespace understudy
