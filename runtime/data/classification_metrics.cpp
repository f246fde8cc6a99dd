#include "runtime/data/classification_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// -ln sigmoid(z), without overflow.
double softplus_of_minus(double z) {
  return z > 0 ? std::log1p(std::exp(-z)) : std::log1p(std::exp(z)) - z;
}

}  // namespace

double ConfusionMatrix::accuracy() const {
  return static_cast<double>(true_positives + true_negatives) / static_cast<double>(size());
}

ConfusionMatrix confusion(std::span<const std::uint8_t> predictions,
                          std::span<const std::uint8_t> labels) {
  UNDERSTUDY_CHECK(predictions.size() == labels.size());
  ConfusionMatrix out;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (predictions[i] == 1) {
      ++(labels[i] == 1 ? out.true_positives : out.false_positives);
    } else {
      ++(labels[i] == 1 ? out.false_negatives : out.true_negatives);
    }
  }
  return out;
}

std::optional<double> area_under_roc(std::span<const double> scores,
                                     std::span<const std::uint8_t> labels) {
  UNDERSTUDY_CHECK(scores.size() == labels.size());
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double pairs_won = 0, positives = 0, negatives = 0;
  for (std::size_t i = 0; i < order.size();) {
    double tied_positives = 0, tied_negatives = 0;
    const double score = scores[order[i]];
    for (; i < order.size() && scores[order[i]] == score; ++i)
      (labels[order[i]] == 1 ? tied_positives : tied_negatives) += 1;
    pairs_won += tied_positives * (negatives + tied_negatives / 2);
    positives += tied_positives;
    negatives += tied_negatives;
  }
  if (positives == 0 || negatives == 0) return std::nullopt;
  return pairs_won / (positives * negatives);
}

ClassificationMetrics classification_metrics(std::span<const double> logits,
                                             std::span<const std::uint8_t> labels) {
  UNDERSTUDY_CHECK(!labels.empty() && logits.size() == labels.size());
  std::vector<std::uint8_t> predictions;
  double loss = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    predictions.push_back(logits[i] > 0 ? 1 : 0);
    loss += softplus_of_minus(labels[i] == 1 ? logits[i] : -logits[i]);
  }
  return {confusion(predictions, labels), loss / static_cast<double>(labels.size()),
          area_under_roc(logits, labels)};
}

}  // namespace understudy
