#include "runtime/learners/torch/torch_learner.hpp"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <numeric>

#include "runtime/base/errors.hpp"
#include "runtime/learners/torch/batch_tensors.hpp"
#include "runtime/learners/torch/device_copies.hpp"
#include "runtime/learners/torch/gpu.hpp"
#include "runtime/learners/torch/guarded.hpp"
#include "runtime/learners/torch/hessian.hpp"
#include "runtime/learners/torch/stages.hpp"

namespace understudy {
namespace {

// Large enough to keep the kernels busy, small enough for the activations to stay in cache.
constexpr std::size_t kEvaluationBatch = 100;

struct Logits {
  at::Tensor log_softmax;  // [count, classes]
  at::Tensor labels;       // [count]
};

constexpr std::int64_t kNoIgnoredLabel = -100;  // PyTorch's default

// Tensors without autograd, and one thread; on a GPU, that one.
struct Scope {
  explicit Scope(const at::Device& device) {
    use_one_thread();
    if (!device.is_cpu()) guard.reset_device(device);
  }
  c10::InferenceMode inference;
  c10::OptionalDeviceGuard guard;
};

// Where the learner computes.
struct Seat {
  at::Device device{at::kCPU};
  bool copies = false;  // not where the caller's vectors are

  // Not the caller's any more, or, where it computes there, still the caller's.
  at::Tensor take(const at::Tensor& host) const { return copies ? copy_to(device, host) : host; }
  template <class Scalar>
  std::vector<at::Tensor> slices(const Layout& layout, std::span<const Scalar> vector) const {
    if (!copies) return slice_views(layout, vector);
    return slices_of(layout, copy_to(device, flat_view(vector)));
  }
  template <class Scalar>
  static at::Tensor flat_view(std::span<Scalar> vector) {
    using Value = std::remove_const_t<Scalar>;
    return at::from_blob(const_cast<Value*>(vector.data()),
                         {static_cast<std::int64_t>(vector.size())},
                         at::dtype(c10::CppTypeToScalarType<Value>::value));
  }
};

// The stages of a model, and the first whose backward is wanted.
struct Stages {
  Stages(const Model& model, bool portable) : all(make_stages(model, portable)) {
    const auto has_parameters = [](const auto& stage) { return stage->has_parameters(); };
    const auto first = std::find_if(all.begin(), all.end(), has_parameters);
    first_with_parameters = static_cast<std::size_t>(first - all.begin());
  }

  at::Tensor forward(Pass& pass, at::Tensor flowing, std::vector<Saved>& saved) const {
    for (std::size_t i = 0; i < all.size(); ++i)
      flowing = all[i]->forward(pass, std::move(flowing), saved[i]);
    return flowing;
  }
  void backward(Pass& pass, at::Tensor flowing, std::vector<Saved>& saved,
                const Gradients& out) const {
    for (std::size_t i = all.size(); i-- > first_with_parameters;) {
      flowing =
          all[i]->backward(pass, std::move(flowing), saved[i], out, i > first_with_parameters);
      saved[i] = {};
    }
  }

  std::vector<std::unique_ptr<Stage>> all;
  std::size_t first_with_parameters = 0;
};

// A pass in training whose activations are kept.
template <class Scalar>
class TorchPass final : public ForwardPass<Scalar> {
 public:
  TorchPass(const Stages& stages, const Seat& seat, const ModelLearner<Scalar>& learner,
            std::span<const Scalar> parameters, const Batch& batch, const RandomStream& random)
      : stages_(stages),
        seat_(seat),
        layout_(learner.layout()),
        values_(seat.slices(layout_, parameters)),
        pass_{values_, true, random},
        saved_(stages.all.size()) {
    UNDERSTUDY_CHECK(batch.count > 0);
    const at::Tensor images = batch_images<Scalar>(learner.model().input, batch);
    logits_ = stages_.forward(pass_, seat_.take(images), saved_).contiguous();
  }

  std::span<const Scalar> logits() const override {
    if (!host_logits_.defined()) host_logits_ = logits_.cpu();
    return {host_logits_.template data_ptr<Scalar>(),
            static_cast<std::size_t>(host_logits_.numel())};
  }
  void backward(std::span<const Scalar> logit_gradient, std::span<Scalar> gradient,
                const GradientHook& hook) override {
    UNDERSTUDY_CHECK(logit_gradient.size() == logits().size());
    guarded([&] {
      const Scope scope(seat_.device);
      backward(copy_to(seat_.device, Seat::flat_view(logit_gradient)).view(logits_.sizes()),
               gradient, hook);
    });
  }
  // Owns `flowing`.
  void backward(at::Tensor flowing, std::span<Scalar> gradient, const GradientHook& hook) {
    if (!seat_.copies) {
      const auto gradients = slice_views(layout_, gradient);
      return stages_.backward(pass_, std::move(flowing), saved_, {gradients, hook});
    }
    ReturningGradient returning(layout_, seat_.device, Seat::flat_view(gradient));
    const GradientHook produced = [&](std::size_t slice) { returning.produced(slice); };
    stages_.backward(pass_, std::move(flowing), saved_, {returning.slices(), produced});
    returning.arrive(hook);
  }
  const at::Tensor& logit_tensor() const { return logits_; }

 private:
  const Stages& stages_;
  const Seat& seat_;
  const Layout& layout_;
  std::vector<at::Tensor> values_;
  Pass pass_;
  std::vector<Saved> saved_;
  at::Tensor logits_;
  mutable at::Tensor host_logits_;  // the same where it computes there
};

template <class Scalar>
class TorchLearner final : public ModelLearner<Scalar> {
 public:
  TorchLearner(const Model& model, const Seat& seat)
      : ModelLearner<Scalar>(model), seat_(seat), stages_(model, seat.copies) {}

  double gradient(std::span<const Scalar> parameters, const Batch& batch,
                  std::span<Scalar> gradient, RandomStream random,
                  const GradientHook& hook) const override {
    return guarded([&] { return compute_gradient(parameters, batch, gradient, random, hook); });
  }
  std::unique_ptr<ForwardPass<Scalar>> forward(std::span<const Scalar> parameters,
                                               const Batch& batch,
                                               RandomStream random) const override {
    return guarded([&] {
      const Scope scope(seat_.device);
      return std::make_unique<TorchPass<Scalar>>(stages_, seat_, *this, parameters, batch, random);
    });
  }
  void logits(std::span<const Scalar> parameters, const Batch& batch,
              std::span<Scalar> out) const override {
    guarded([&] {
      const Scope scope(seat_.device);
      const at::Tensor logits =
          inferred(seat_.slices(this->layout(), parameters), batch).contiguous().cpu();
      const auto* values = logits.template data_ptr<Scalar>();
      UNDERSTUDY_CHECK(out.size() == static_cast<std::size_t>(logits.numel()));
      std::copy_n(values, out.size(), out.begin());
    });
  }
  std::unique_ptr<BatchHessian<Scalar>> hessian(std::span<const Scalar> parameters,
                                                const Batch& batch) const override {
    return make_hessian<Scalar>(this->model(), this->layout(), parameters, batch);
  }
  Evaluation evaluate(std::span<const Scalar> parameters, const BatchSource& source,
                      std::size_t first, std::size_t count) const override {
    return guarded([&] { return compute_evaluation(parameters, source, first, count); });
  }

 private:
  double compute_gradient(std::span<const Scalar> parameters, const Batch& batch,
                          std::span<Scalar> gradient, const RandomStream& random,
                          const GradientHook& hook) const {
    const Scope scope(seat_.device);
    TorchPass<Scalar> pass(stages_, seat_, *this, parameters, batch, random);
    const Logits logits = classified(pass.logit_tensor(), batch);
    const auto [loss, total_weight] = at::nll_loss_forward(logits.log_softmax, logits.labels, {},
                                                           at::Reduction::Mean, kNoIgnoredLabel);
    at::Tensor flowing =
        at::nll_loss_backward(at::ones({}, loss.options()), logits.log_softmax, logits.labels, {},
                              at::Reduction::Mean, kNoIgnoredLabel, total_weight);
    flowing = at::_log_softmax_backward_data(flowing, logits.log_softmax, 1, flowing.scalar_type());
    pass.backward(std::move(flowing), gradient, hook);
    return loss.template item<double>();
  }

  Evaluation compute_evaluation(std::span<const Scalar> parameters, const BatchSource& source,
                                std::size_t first, std::size_t count) const {
    UNDERSTUDY_CHECK(count > 0 && first + count <= source.size());
    const Scope scope(seat_.device);
    const auto values = seat_.slices(this->layout(), parameters);
    Batch batch;
    std::vector<std::uint32_t> indices;
    double loss = 0;
    std::int64_t correct = 0;
    Calibration calibration;
    for (std::size_t done = 0; done < count; done += indices.size()) {
      indices.resize(std::min(kEvaluationBatch, count - done));
      std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(first + done));
      source.gather(indices, batch);
      const Logits logits = classified(inferred(values, batch), batch);
      loss -=
          logits.log_softmax.gather(1, logits.labels.unsqueeze(1)).sum().template item<double>();
      const auto [largest, answers] = logits.log_softmax.max(1);
      const at::Tensor right = answers.eq(logits.labels);
      correct += right.sum().template item<std::int64_t>();
      add_confidences(largest, right, calibration);
    }
    const auto samples = static_cast<double>(count);
    return {loss / samples, static_cast<double>(correct) / samples, count, calibration};
  }

  static void add_confidences(const at::Tensor& log_probabilities, const at::Tensor& right,
                              Calibration& out) {
    const at::Tensor confidences = log_probabilities.to(at::kDouble).exp().cpu();
    const at::Tensor marks = right.cpu();
    for (std::int64_t i = 0; i < confidences.numel(); ++i)
      out.add(confidences.data_ptr<double>()[i], marks.data_ptr<bool>()[i]);
  }

  // Logits without dropout.
  at::Tensor inferred(std::span<const at::Tensor> values, const Batch& batch) const {
    Pass pass{values, false, RandomStream({})};
    std::vector<Saved> nothing(stages_.all.size());
    const at::Tensor images = batch_images<Scalar>(this->model().input, batch);
    return stages_.forward(pass, seat_.take(images), nothing);
  }
  Logits classified(const at::Tensor& logits, const Batch& batch) const {
    return {at::log_softmax(logits, 1), seat_.take(batch_labels(batch))};
  }

  Seat seat_;
  Stages stages_;
};

Seat seat_on(const ComputeDevice& device) {
  if (!device.gpu) return {};
  set_up_gpu(device);
  return {at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(*device.gpu)), true};
}

}  // namespace

std::unique_ptr<Learner> make_torch_learner(const Model& model, const ComputeDevice& device) {
  return std::make_unique<TorchLearner<float>>(model, seat_on(device));
}

std::unique_ptr<BasicLearner<double>> make_torch_learner_double(const Model& model,
                                                                const ComputeDevice& device) {
  return std::make_unique<TorchLearner<double>>(model, seat_on(device));
}

std::unique_ptr<BasicLearner<double>> make_copying_learner(const Model& model) {
  return std::make_unique<TorchLearner<double>>(model, Seat{at::kCPU, true});
}

}  // namespace understudy
