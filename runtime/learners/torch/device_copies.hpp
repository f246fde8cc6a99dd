// Vectors between the host's memory, where they are the caller's, and that of a GPU. On the processor
// copies are copies: so tests find what a GPU would.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <span>
#include <vector>

#include "runtime/learners/learner.hpp"

namespace understudy {

// Through memory that the GPU reads by itself, while the host goes on.
at::Tensor copy_to(const at::Device& device, const at::Tensor& host);

// One tensor per slice of the layout, viewing the flat one.
std::vector<at::Tensor> slices_of(const Layout& layout, const at::Tensor& flat);

// A gradient that a device computes and the host waits for. Slices set out on their way back as they
// are produced, on a stream of their own, while backward goes on.
class ReturningGradient {
 public:
  // `to`: flat, in the host's memory. Both are borrowed.
  ReturningGradient(const Layout& layout, const at::Device& device, at::Tensor to);
  ~ReturningGradient();

  std::span<const at::Tensor> slices() const { return slices_; }  // on the device
  void produced(std::size_t slice);
  // Ends once all are back. Calls the hook, if there is one, with each as it comes.
  void arrive(const GradientHook& hook);

 private:
  struct Way;
  const Layout& layout_;
  at::Tensor to_, there_;
  at::Tensor back_;  // where the GPU writes to; undefined on the processor
  std::vector<at::Tensor> slices_;
  std::vector<Way> under_way_;
};

}  // namespace understudy
