// What stages with a weight have in common.
#pragma once

#include "runtime/learners/torch/stages.hpp"

namespace understudy {

// The layer's slices: its weight's index, its bias, if it has one, one further.
class ParameterStage : public Stage {
 public:
  ParameterStage(std::size_t weight, bool bias) : weight_(weight), bias_(bias) {}
  bool has_parameters() const override { return true; }

 protected:
  const at::Tensor& weight(const Pass& pass) const { return pass.parameters[weight_]; }
  bool has_bias() const { return bias_; }
  // Undefined where there is none.
  at::Tensor bias(const Pass& pass) const {
    return bias_ ? pass.parameters[weight_ + 1] : at::Tensor();
  }
  const at::Tensor& weight_gradient(const Gradients& out) const { return out.slices[weight_]; }
  const at::Tensor& bias_gradient(const Gradients& out) const { return out.slices[weight_ + 1]; }
  void announce(const Gradients& out) const {
    if (!out.hook) return;
    if (bias_) out.hook(weight_ + 1);
    out.hook(weight_);
  }

 private:
  std::size_t weight_;
  bool bias_;
};

}  // namespace understudy
