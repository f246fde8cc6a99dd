#include "runtime/training/transfer_loss.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// One row's probabilities at a temperature, and their logarithms.
class Row {
 public:
  explicit Row(std::size_t classes)
      : probabilities(classes), logarithms(classes), logits_(classes) {}

  template <class Scalar>
  void take(std::span<const Scalar> logits, double temperature) {
    std::copy(logits.begin(), logits.end(), logits_.begin());
    softmax(logits_, temperature, probabilities, logarithms);
  }

  std::vector<double> probabilities, logarithms;

 private:
  std::vector<double> logits_;
};

template <class Scalar>
std::span<const Scalar> row_of(std::span<const Scalar> logits, std::size_t row,
                               std::size_t classes) {
  return logits.subspan(row * classes, classes);
}

}  // namespace

void softmax(std::span<const double> logits, double temperature, std::span<double> probabilities,
             std::span<double> logarithms) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    logarithms[c] = (logits[c] - largest) / temperature;
    probabilities[c] = std::exp(logarithms[c]);
    sum += probabilities[c];
  }
  const double logarithm = std::log(sum);
  for (std::size_t c = 0; c < logits.size(); ++c) {
    logarithms[c] -= logarithm;
    probabilities[c] /= sum;
  }
}

template <class Scalar>
double cross_entropy(std::span<const Scalar> logits, std::span<const std::int64_t> labels,
                     std::span<double> gradient) {
  const std::size_t samples = labels.size(), classes = logits.size() / samples;
  UNDERSTUDY_CHECK(logits.size() == samples * classes && gradient.size() == logits.size());
  const double share = 1 / static_cast<double>(samples);
  Row row(classes);
  double loss = 0;
  for (std::size_t n = 0; n < samples; ++n) {
    row.take(row_of(logits, n, classes), 1);
    const auto label = static_cast<std::size_t>(labels[n]);
    loss -= row.logarithms[label] * share;
    for (std::size_t c = 0; c < classes; ++c)
      gradient[n * classes + c] += (row.probabilities[c] - (c == label ? 1 : 0)) * share;
  }
  return loss;
}

template <class Scalar>
double accuracy_of(std::span<const Scalar> logits, std::span<const std::int64_t> labels) {
  const std::size_t samples = labels.size(), classes = logits.size() / samples;
  std::size_t correct = 0;
  for (std::size_t n = 0; n < samples; ++n) {
    const auto row = row_of(logits, n, classes);
    const auto answer = std::max_element(row.begin(), row.end()) - row.begin();
    correct += answer == labels[n] ? 1 : 0;
  }
  return static_cast<double>(correct) / static_cast<double>(samples);
}

template <class Scalar>
double transfer_loss(std::span<const Scalar> student,
                     std::span<const std::span<const Scalar>> teachers, const TransferTerm& term,
                     std::span<double> gradient) {
  const std::size_t classes = term.classes, samples = student.size() / classes;
  UNDERSTUDY_CHECK(!teachers.empty() && term.temperature > 0 && gradient.size() == student.size());
  const double t = term.temperature;
  const double share = term.weight / static_cast<double>(samples * teachers.size());
  Row mine(classes), teaching(classes);
  double loss = 0;
  for (std::size_t n = 0; n < samples; ++n) {
    mine.take(row_of(student, n, classes), t);
    for (const auto& teacher : teachers) {
      UNDERSTUDY_CHECK(teacher.size() == student.size());
      teaching.take(row_of(teacher, n, classes), t);
      for (std::size_t c = 0; c < classes; ++c) {
        const double p = teaching.probabilities[c];
        // 0 log 0 is 0.
        if (p > 0) loss += share * t * t * p * (teaching.logarithms[c] - mine.logarithms[c]);
        gradient[n * classes + c] += share * t * (mine.probabilities[c] - p);
      }
    }
  }
  return loss;
}

template double cross_entropy(std::span<const float>, std::span<const std::int64_t>,
                              std::span<double>);
template double cross_entropy(std::span<const double>, std::span<const std::int64_t>,
                              std::span<double>);
template double accuracy_of(std::span<const float>, std::span<const std::int64_t>);
template double accuracy_of(std::span<const double>, std::span<const std::int64_t>);
template double transfer_loss(std::span<const float>, std::span<const std::span<const float>>,
                              const TransferTerm&, std::span<double>);
template double transfer_loss(std::span<const double>, std::span<const std::span<const double>>,
                              const TransferTerm&, std::span<double>);

}  // namespace understudy
