// Losses between classifiers, and their gradients by the logits: what a model learns from labels and
// from other models' outputs. Logits are row-major [samples, classes]; losses are means over samples,
// computed in double.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace understudy {

// mean_n -log softmax(z_n)[label_n]; its gradient by the logits, (softmax(z_n) - onehot(label_n)) / N,
// is added to `gradient`.
template <class Scalar>
double cross_entropy(std::span<const Scalar> logits, std::span<const std::int64_t> labels,
                     std::span<double> gradient);

// The share of samples whose largest logit, of equal ones the first, is their label's.
template <class Scalar>
double accuracy_of(std::span<const Scalar> logits, std::span<const std::int64_t> labels);

struct TransferTerm {
  double weight = 1;
  double temperature = 1;  // > 0
  std::size_t classes = 0;
};

// weight T^2 (1/K) sum_k mean_n KL(softmax(teacher_kn / T) || softmax(student_n / T)), K > 0 teachers'
// logits of the student's size (Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network",
// 2015). Its gradient by the student's logits, weight (T / N) (softmax(student / T) - mean_k softmax(
// teacher_k / T)), is added to `gradient`; teachers are constants. T^2 keeps the gradient's size: for
// large T the loss goes to half the mean over classes of the squared difference of the centred logits.
template <class Scalar>
double transfer_loss(std::span<const Scalar> student,
                     std::span<const std::span<const Scalar>> teachers, const TransferTerm& term,
                     std::span<double> gradient);

// softmax(logits / temperature) of one sample, and the logarithms of these probabilities.
void softmax(std::span<const double> logits, double temperature, std::span<double> probabilities,
             std::span<double> logarithms);

}  // namespace understudy
