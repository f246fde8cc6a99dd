#include "runtime/learners/torch/torch_learner.hpp"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

#include "runtime/base/errors.hpp"
#include "runtime/learners/torch/batch_tensors.hpp"
#include "runtime/learners/torch/classification.hpp"
#include "runtime/learners/torch/device_copies.hpp"
#include "runtime/learners/torch/gpu.hpp"
#include "runtime/learners/torch/guarded.hpp"
#include "runtime/learners/torch/hessian.hpp"
#include "runtime/learners/torch/stages.hpp"
#include "runtime/learners/torch/torchscript_learner.hpp"

namespace understudy {
namespace {

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
    return make_hessian<Scalar>(
        this->layout(), parameters, [&](std::span<const at::Tensor> slices) {
          return mean_loss(this->model(), slices, batch_images<Scalar>(this->model().input, batch),
                           batch_labels(batch));
        });
  }
  Evaluation evaluate(std::span<const Scalar> parameters, const BatchSource& source,
                      std::size_t first, std::size_t count) const override {
    return guarded([&] {
      const Scope scope(seat_.device);
      const auto values = seat_.slices(this->layout(), parameters);
      return evaluate_classifier(source, first, count,
                                 [&](const Batch& batch) { return inferred(values, batch); });
    });
  }

 private:
  double compute_gradient(std::span<const Scalar> parameters, const Batch& batch,
                          std::span<Scalar> gradient, const RandomStream& random,
                          const GradientHook& hook) const {
    const Scope scope(seat_.device);
    TorchPass<Scalar> pass(stages_, seat_, *this, parameters, batch, random);
    LossAndGradient found = cross_entropy_of(pass.logit_tensor(), batch);
    pass.backward(std::move(found.by_logits), gradient, hook);
    return found.loss;
  }

  // Logits without dropout.
  at::Tensor inferred(std::span<const at::Tensor> values, const Batch& batch) const {
    Pass pass{values, false, RandomStream({})};
    std::vector<Saved> nothing(stages_.all.size());
    const at::Tensor images = batch_images<Scalar>(this->model().input, batch);
    return stages_.forward(pass, seat_.take(images), nothing);
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
  if (!model.scripted) return std::make_unique<TorchLearner<float>>(model, seat_on(device));
  if (device.gpu)
    throw ScenarioError("modules from TorchScript files are trained by processors, not by GPUs");
  return make_torchscript_learner(model);
}

std::unique_ptr<BasicLearner<double>> make_torch_learner_double(const Model& model,
                                                                const ComputeDevice& device) {
  UNDERSTUDY_CHECK(!model.scripted);
  return std::make_unique<TorchLearner<double>>(model, seat_on(device));
}

std::unique_ptr<BasicLearner<double>> make_copying_learner(const Model& model) {
  return std::make_unique<TorchLearner<double>>(model, Seat{at::kCPU, true});
}

}  // namespace understudy
