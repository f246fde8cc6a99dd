#include "runtime/learners/torch/torch_learner.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

#include "runtime/base/errors.hpp"
#include "runtime/learners/torch/batch_tensors.hpp"
#include "runtime/learners/torch/classification.hpp"
#include "runtime/learners/torch/guarded.hpp"
#include "runtime/learners/torch/hessian.hpp"
#include "runtime/learners/torch/stages.hpp"
#include "runtime/learners/torch/torchscript_learner.hpp"

namespace understudy {
namespace {

// Tensors without autograd, and one thread.
struct Scope {
  Scope() { use_one_thread(); }
  c10::InferenceMode inference;
};

// The stages of a model, and the first whose backward is wanted.
struct Stages {
  explicit Stages(const Model& model) : all(make_stages(model)) {
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
  TorchPass(const Stages& stages, const ModelLearner<Scalar>& learner,
            std::span<const Scalar> parameters, const Batch& batch, const RandomStream& random)
      : stages_(stages),
        layout_(learner.layout()),
        values_(slice_views(layout_, parameters)),
        pass_{values_, true, random},
        saved_(stages.all.size()) {
    UNDERSTUDY_CHECK(batch.count > 0);
    logits_ = stages_.forward(pass_, batch_images<Scalar>(learner.model().input, batch), saved_)
                  .contiguous();
  }

  std::span<const Scalar> logits() const override {
    return {logits_.template data_ptr<Scalar>(), static_cast<std::size_t>(logits_.numel())};
  }
  void backward(std::span<const Scalar> logit_gradient, std::span<Scalar> gradient,
                const GradientHook& hook) override {
    UNDERSTUDY_CHECK(logit_gradient.size() == logits().size());
    guarded([&] {
      const Scope scope;
      at::Tensor flowing = at::empty_like(logits_);
      std::ranges::copy(logit_gradient, flowing.template data_ptr<Scalar>());
      backward(std::move(flowing), gradient, hook);
    });
  }
  // Owns `flowing`.
  void backward(at::Tensor flowing, std::span<Scalar> gradient, const GradientHook& hook) {
    const auto gradients = slice_views(layout_, gradient);
    stages_.backward(pass_, std::move(flowing), saved_, {gradients, hook});
  }
  const at::Tensor& logit_tensor() const { return logits_; }

 private:
  const Stages& stages_;
  const Layout& layout_;
  std::vector<at::Tensor> values_;
  Pass pass_;
  std::vector<Saved> saved_;
  at::Tensor logits_;
};

template <class Scalar>
class TorchLearner final : public ModelLearner<Scalar> {
 public:
  explicit TorchLearner(const Model& model) : ModelLearner<Scalar>(model), stages_(model) {}

  double gradient(std::span<const Scalar> parameters, const Batch& batch,
                  std::span<Scalar> gradient, RandomStream random,
                  const GradientHook& hook) const override {
    return guarded([&] { return compute_gradient(parameters, batch, gradient, random, hook); });
  }
  std::unique_ptr<ForwardPass<Scalar>> forward(std::span<const Scalar> parameters,
                                               const Batch& batch,
                                               RandomStream random) const override {
    return guarded([&] {
      const Scope scope;
      return std::make_unique<TorchPass<Scalar>>(stages_, *this, parameters, batch, random);
    });
  }
  void logits(std::span<const Scalar> parameters, const Batch& batch,
              std::span<Scalar> out) const override {
    guarded([&] {
      const Scope scope;
      const at::Tensor logits =
          inferred(slice_views(this->layout(), parameters), batch).contiguous();
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
      const Scope scope;
      const auto values = slice_views(this->layout(), parameters);
      return evaluate_classifier(source, first, count,
                                 [&](const Batch& batch) { return inferred(values, batch); });
    });
  }

 private:
  double compute_gradient(std::span<const Scalar> parameters, const Batch& batch,
                          std::span<Scalar> gradient, const RandomStream& random,
                          const GradientHook& hook) const {
    const Scope scope;
    TorchPass<Scalar> pass(stages_, *this, parameters, batch, random);
    LossAndGradient found = cross_entropy_of(pass.logit_tensor(), batch);
    pass.backward(std::move(found.by_logits), gradient, hook);
    return found.loss;
  }

  // Logits without dropout.
  at::Tensor inferred(std::span<const at::Tensor> values, const Batch& batch) const {
    Pass pass{values, false, RandomStream({})};
    std::vector<Saved> nothing(stages_.all.size());
    return stages_.forward(pass, batch_images<Scalar>(this->model().input, batch), nothing);
  }

  Stages stages_;
};

}  // namespace

std::unique_ptr<Learner> make_torch_learner(const Model& model) {
  if (model.scripted) return make_torchscript_learner(model);
  return std::make_unique<TorchLearner<float>>(model);
}

std::unique_ptr<BasicLearner<double>> make_torch_learner_double(const Model& model) {
  UNDERSTUDY_CHECK(!model.scripted);
  return std::make_unique<TorchLearner<double>>(model);
}

}  // namespace understudy
