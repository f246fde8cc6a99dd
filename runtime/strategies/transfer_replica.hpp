// One model of a knowledge transfer on one node: its parameters, its optimizer and its losses.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/federated/messages.hpp"
#include "runtime/strategies/transfer.hpp"
#include "runtime/training/optimizer.hpp"
#include "runtime/training/transfer_loss.hpp"

namespace understudy {

// Of a model's way forward, the copy of the batch included; and of the rest of its update but the step,
// with transfer losses from so many teachers.
Cost forward_cost(const Learner& learner, std::size_t samples);
Cost learning_cost(const Learner& learner, std::size_t samples, std::size_t teachers,
                   std::size_t classes);

class TransferReplica {
 public:
  TransferReplica(const TransferJob& job, std::size_t model);

  std::size_t size() const { return learner_.layout().size; }
  const Learner& learner() const { return learner_; }
  // Its parameters here; empty in a dry run, and where it only lends its outputs.
  std::vector<float>& parameters() { return parameters_; }
  std::vector<float>& gradient() { return gradient_; }
  void initialise();
  // A phase begins: momentum is that of before its first update.
  void begin_phase();

  // The mean loss over the batch and its gradient, without and with a way forward taken before.
  void learn_plainly(const Batch& batch, RandomStream dropout);
  void forward(const Batch& batch, RandomStream dropout);
  std::span<const float> outputs() const { return pass_->logits(); }
  // No teachers: the cross entropy alone.
  void learn(const Batch& batch, std::span<const std::span<const float>> teachers,
             const TransferTerm& term);
  void step(double lr);

  // Once an update is over; `with_outputs`: it was no plain one.
  void count_update(bool with_outputs);
  TransferLosses take_losses();

  Cost step_cost() const { return optimizer_.cost(); }
  double base_lr() const { return sgd_.lr; }

  void save(StateWriter& to) const;
  void restore(StateReader& from);

 private:
  const Learner& learner_;
  SgdConfig sgd_;
  StreamKey stream_;
  std::size_t classes_;
  Sgd<float> optimizer_;
  std::vector<float> parameters_, gradient_;
  std::unique_ptr<ForwardPass<float>> pass_;
  std::vector<double> by_logits_;
  std::vector<float> flowing_;
  TransferLosses now_{}, sums_{};
  std::int64_t updates_ = 0;
};

}  // namespace understudy
