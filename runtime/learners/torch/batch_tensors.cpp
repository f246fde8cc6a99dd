#include "runtime/learners/torch/batch_tensors.hpp"

#include "runtime/base/errors.hpp"

namespace understudy {

template <class Scalar>
at::Tensor batch_images(const ActivationShape& s, const Batch& batch) {
  const auto count = static_cast<std::int64_t>(batch.count);
  UNDERSTUDY_CHECK(static_cast<std::int64_t>(batch.inputs.size()) == count * s.size());
  auto* data = const_cast<float*>(batch.inputs.data());
  // The stride of a single channel is free; 1 is how LibTorch tells channels-last.
  const std::int64_t channel_stride = s.channels == 1 ? 1 : s.rows * s.columns;
  at::Tensor view = at::from_blob(data, {count, s.channels, s.rows, s.columns},
                                  {s.size(), channel_stride, s.columns, 1}, at::dtype(at::kFloat));
  return view.to(c10::CppTypeToScalarType<Scalar>::value)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

template at::Tensor batch_images<float>(const ActivationShape&, const Batch&);
template at::Tensor batch_images<double>(const ActivationShape&, const Batch&);

at::Tensor batch_labels(const Batch& batch) {
  UNDERSTUDY_CHECK(batch.labels.size() == batch.count);
  auto* labels = const_cast<std::int64_t*>(batch.labels.data());
  return at::from_blob(labels, {static_cast<std::int64_t>(batch.count)}, at::dtype(at::kLong));
}

}  // namespace understudy
