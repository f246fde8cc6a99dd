#include "runtime/learners/torch/device_copies.hpp"

#ifdef UNDERSTUDY_CUDA
#include <c10/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

at::Tensor pinned_like(const at::Tensor& host) {
  return at::empty_like(host, host.options().pinned_memory(true));
}

at::Tensor stretch_of(const at::Tensor& flat, const Slice& slice) {
  return flat.narrow(0, static_cast<std::int64_t>(slice.offset),
                     static_cast<std::int64_t>(slice.size));
}

}  // namespace

at::Tensor copy_to(const at::Device& device, const at::Tensor& host) {
  if (device.is_cpu()) return host.clone();
  at::Tensor pinned = pinned_like(host);
  pinned.copy_(host);
  return pinned.to(device, true);
}

std::vector<at::Tensor> slices_of(const Layout& layout, const at::Tensor& flat) {
  std::vector<at::Tensor> slices;
  slices.reserve(layout.slices.size());
  for (const Slice& slice : layout.slices)
    slices.push_back(stretch_of(flat, slice).view(slice.shape));
  return slices;
}

struct ReturningGradient::Way {
  std::size_t slice;
#ifdef UNDERSTUDY_CUDA
  c10::cuda::CUDAEvent back{};
#endif
};

ReturningGradient::ReturningGradient(const Layout& layout, const at::Device& device, at::Tensor to)
    : layout_(layout),
      to_(std::move(to)),
      there_(at::empty(to_.sizes(), to_.options().device(device))),
      back_(device.is_cpu() ? at::Tensor() : pinned_like(to_)),
      slices_(slices_of(layout, there_)) {}

ReturningGradient::~ReturningGradient() = default;

void ReturningGradient::produced(std::size_t slice) {
  Way way{slice};
#ifdef UNDERSTUDY_CUDA
  if (there_.is_cuda()) {
    const auto device = there_.get_device();
    thread_local const c10::cuda::CUDAStream beside =
        c10::cuda::getStreamFromPool(false, static_cast<c10::DeviceIndex>(device));
    c10::cuda::CUDAEvent computed;
    computed.record(c10::cuda::getCurrentCUDAStream(static_cast<c10::DeviceIndex>(device)));
    computed.block(beside);
    const c10::cuda::CUDAStreamGuard guard(beside);
    const Slice& s = layout_.slices[slice];
    stretch_of(back_, s).copy_(stretch_of(there_, s), true);
    way.back.record(beside);
  }
#endif
  under_way_.push_back(std::move(way));
}

void ReturningGradient::arrive(const GradientHook& hook) {
  UNDERSTUDY_CHECK(under_way_.size() == slices_.size());
  for (Way& way : under_way_) {
#ifdef UNDERSTUDY_CUDA
    if (there_.is_cuda()) way.back.synchronize();
#endif
    const Slice& s = layout_.slices[way.slice];
    stretch_of(to_, s).copy_(stretch_of(back_.defined() ? back_ : there_, s));
    if (hook) hook(way.slice);
  }
}

}  // namespace understudy
