#include "runtime/learners/torch/torch_learner.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <numeric>

#include "runtime/base/errors.hpp"
#include "runtime/learners/torch/batch_tensors.hpp"
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

template <class Scalar>
class TorchLearner final : public ModelLearner<Scalar> {
 public:
  explicit TorchLearner(const Model& model)
      : ModelLearner<Scalar>(model), stages_(make_stages(model)) {
    const auto has_parameters = [](const auto& stage) { return stage->has_parameters(); };
    const auto first = std::find_if(stages_.begin(), stages_.end(), has_parameters);
    first_with_parameters_ = static_cast<std::size_t>(first - stages_.begin());
  }

  double gradient(std::span<const Scalar> parameters, const Batch& batch,
                  std::span<Scalar> gradient, RandomStream random,
                  const GradientHook& hook) const override {
    return guarded([&] { return compute_gradient(parameters, batch, gradient, random, hook); });
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
    UNDERSTUDY_CHECK(batch.count > 0);
    const Scope scope;
    const auto values = slice_views(this->layout(), parameters);
    const auto gradients = slice_views(this->layout(), gradient);
    Pass pass{values, true, random};
    std::vector<Saved> saved(stages_.size());
    const Logits logits = forward(pass, batch, saved);
    const auto [loss, total_weight] = at::nll_loss_forward(logits.log_softmax, logits.labels, {},
                                                           at::Reduction::Mean, kNoIgnoredLabel);
    at::Tensor flowing =
        at::nll_loss_backward(at::ones({}, loss.options()), logits.log_softmax, logits.labels, {},
                              at::Reduction::Mean, kNoIgnoredLabel, total_weight);
    flowing = at::_log_softmax_backward_data(flowing, logits.log_softmax, 1, flowing.scalar_type());
    backward(pass, std::move(flowing), saved, {gradients, hook});
    return loss.template item<double>();
  }

  Evaluation compute_evaluation(std::span<const Scalar> parameters, const BatchSource& source,
                                std::size_t first, std::size_t count) const {
    UNDERSTUDY_CHECK(count > 0 && first + count <= source.size());
    const Scope scope;
    const auto values = slice_views(this->layout(), parameters);
    Pass pass{values, false, RandomStream({})};
    std::vector<Saved> nothing(stages_.size());
    Batch batch;
    std::vector<std::uint32_t> indices;
    double loss = 0;
    std::int64_t correct = 0;
    for (std::size_t done = 0; done < count; done += indices.size()) {
      indices.resize(std::min(kEvaluationBatch, count - done));
      std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(first + done));
      source.gather(indices, batch);
      const Logits logits = forward(pass, batch, nothing);
      loss -=
          logits.log_softmax.gather(1, logits.labels.unsqueeze(1)).sum().template item<double>();
      correct += logits.log_softmax.argmax(1).eq(logits.labels).sum().template item<std::int64_t>();
    }
    const auto samples = static_cast<double>(count);
    return {loss / samples, static_cast<double>(correct) / samples, count};
  }

  static constexpr std::int64_t kNoIgnoredLabel = -100;  // PyTorch's default

  // Tensors without autograd, and one thread.
  struct Scope {
    Scope() { use_one_thread(); }
    c10::InferenceMode inference;
  };

  Logits forward(Pass& pass, const Batch& batch, std::vector<Saved>& saved) const {
    at::Tensor flowing = batch_images<Scalar>(this->model().input, batch);
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      flowing = stages_[i]->forward(pass, std::move(flowing), saved[i]);
    }
    return {at::log_softmax(flowing, 1), batch_labels(batch)};
  }

  void backward(Pass& pass, at::Tensor flowing, std::vector<Saved>& saved,
                const Gradients& out) const {
    for (std::size_t i = stages_.size(); i-- > first_with_parameters_;) {
      flowing =
          stages_[i]->backward(pass, std::move(flowing), saved[i], out, i > first_with_parameters_);
      saved[i] = {};
    }
  }

  std::vector<std::unique_ptr<Stage>> stages_;
  std::size_t first_with_parameters_;
};

}  // namespace

std::unique_ptr<Learner> make_torch_learner(const Model& model) {
  return std::make_unique<TorchLearner<float>>(model);
}

std::unique_ptr<BasicLearner<double>> make_torch_learner_double(const Model& model) {
  return std::make_unique<TorchLearner<double>>(model);
}

}  // namespace understudy
