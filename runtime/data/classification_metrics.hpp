// How well a classifier into 0 and 1 does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace understudy {

// What was predicted against what is: a "true positive" is a 1 taken for a 1.
struct ConfusionMatrix {
  std::size_t true_positives = 0, false_positives = 0, true_negatives = 0, false_negatives = 0;

  std::size_t size() const {
    return true_positives + false_positives + true_negatives + false_negatives;
  }
  double accuracy() const;  // 0..1; NaN without samples
};

struct ClassificationMetrics {
  ConfusionMatrix confusion;  // a logit above 0 predicts 1
  double log_loss = 0;        // mean of -ln P(label)
  // The area under the ROC curve; nothing where all labels are alike.
  std::optional<double> auc{};
};

// `logits` are ln(p / (1 - p)) of the label 1. labels are 0 or 1, as many, at least one.
ClassificationMetrics classification_metrics(std::span<const double> logits,
                                             std::span<const std::uint8_t> labels);

// The probability that a 1 has a higher score than a 0, a tie counting half: Mann and Whitney's U over
// the number of pairs, by ranks (Hanley, McNeil, 1982).
std::optional<double> area_under_roc(std::span<const double> scores,
                                     std::span<const std::uint8_t> labels);

ConfusionMatrix confusion(std::span<const std::uint8_t> predictions,
                          std::span<const std::uint8_t> labels);

}  // namespace understudy
