#include "runtime/learners/torch/classification.hpp"

#include <algorithm>
#include <numeric>

#include "runtime/learners/torch/batch_tensors.hpp"

namespace understudy {
namespace {

// Large enough to keep the kernels busy, small enough for the activations to stay in cache.
constexpr std::size_t kEvaluationBatch = 100;
constexpr std::int64_t kNoIgnoredLabel = -100;  // PyTorch's default

void add_confidences(const at::Tensor& log_probabilities, const at::Tensor& right,
                     Calibration& out) {
  const at::Tensor confidences = log_probabilities.to(at::kDouble).exp().cpu();
  const at::Tensor marks = right.cpu();
  for (std::int64_t i = 0; i < confidences.numel(); ++i)
    out.add(confidences.data_ptr<double>()[i], marks.data_ptr<bool>()[i]);
}

}  // namespace

LossAndGradient cross_entropy_of(const at::Tensor& logits, const Batch& batch) {
  const at::Tensor log_softmax = at::log_softmax(logits, 1);
  const at::Tensor labels = batch_labels(batch).to(logits.device());
  const auto [loss, total_weight] =
      at::nll_loss_forward(log_softmax, labels, {}, at::Reduction::Mean, kNoIgnoredLabel);
  const at::Tensor flowing =
      at::nll_loss_backward(at::ones({}, loss.options()), log_softmax, labels, {},
                            at::Reduction::Mean, kNoIgnoredLabel, total_weight);
  return {loss.item<double>(),
          at::_log_softmax_backward_data(flowing, log_softmax, 1, flowing.scalar_type())};
}

Evaluation evaluate_classifier(const BatchSource& source, std::size_t first, std::size_t count,
                               const std::function<at::Tensor(const Batch&)>& logits_of) {
  UNDERSTUDY_CHECK(count > 0 && first + count <= source.size());
  Batch batch;
  std::vector<std::uint32_t> indices;
  double loss = 0;
  std::int64_t correct = 0;
  Calibration calibration;
  for (std::size_t done = 0; done < count; done += indices.size()) {
    indices.resize(std::min(kEvaluationBatch, count - done));
    std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(first + done));
    source.gather(indices, batch);
    const at::Tensor log_softmax = at::log_softmax(logits_of(batch), 1);
    const at::Tensor labels = batch_labels(batch).to(log_softmax.device());
    loss -= log_softmax.gather(1, labels.unsqueeze(1)).sum().item<double>();
    const auto [largest, answers] = log_softmax.max(1);
    const at::Tensor right = answers.eq(labels);
    correct += right.sum().item<std::int64_t>();
    add_confidences(largest, right, calibration);
  }
  const auto samples = static_cast<double>(count);
  return {loss / samples, static_cast<double>(correct) / samples, count, calibration};
}

}  // namespace understudy
