#include "runtime/strategies/transfer_replica.hpp"

#include <algorithm>

namespace understudy {
namespace {

// For each class of a row: an exponential, a logarithm and what is done with them, for the student and
// for each teacher.
constexpr double kFlopsOfSoftmax = 10;

bool is_forward(Phase phase) { return phase == Phase::kCopy || phase == Phase::kForward; }

Cost part_of(const Cost& whole, bool forward) {
  Cost part;
  for (KernelCost kernel : whole) {
    if (is_forward(kernel.phase) != forward) continue;
    kernel.mark.reset();
    part.push_back(kernel);
  }
  return part;
}

}  // namespace

Cost forward_cost(const Learner& learner, std::size_t samples) {
  return part_of(learner.cost(samples), true);
}

Cost learning_cost(const Learner& learner, std::size_t samples, std::size_t teachers,
                   std::size_t classes) {
  Cost cost = part_of(learner.cost(samples), false);
  if (teachers == 0) return cost;
  const auto values = static_cast<double>(samples * classes * (teachers + 1));
  KernelCost losses;
  losses.phase = Phase::kLoss;
  losses.flops = kFlopsOfSoftmax * values;
  losses.bytes = sizeof(float) * values;
  cost.push_back(losses);
  return cost;
}

TransferReplica::TransferReplica(const TransferJob& job, std::size_t model)
    : learner_(*job.models[model].learner),
      sgd_(std::get<SgdConfig>(job.models[model].optimizer)),
      stream_(transfer_stream(job.seed, model, Purpose::kInit)),
      classes_(job.classes),
      optimizer_(sgd_, learner_.layout()) {}

void TransferReplica::initialise() {
  parameters_.resize(size());
  learner_.initial(RandomStream(stream_), parameters_);
}

void TransferReplica::begin_phase() {
  optimizer_ = Sgd<float>(sgd_, learner_.layout());
  gradient_.resize(parameters_.size());
}

void TransferReplica::learn_plainly(const Batch& batch, RandomStream dropout) {
  now_ = {};
  now_.loss = learner_.gradient(parameters_, batch, gradient_, dropout, {});
}

void TransferReplica::forward(const Batch& batch, RandomStream dropout) {
  pass_ = learner_.forward(parameters_, batch, dropout);
}

void TransferReplica::learn(const Batch& batch, std::span<const std::span<const float>> teachers,
                            const TransferTerm& term) {
  const std::span<const float> logits = outputs();
  by_logits_.assign(logits.size(), 0);
  now_ = {};
  now_.classification = cross_entropy(logits, batch.labels, by_logits_);
  now_.accuracy = accuracy_of(logits, batch.labels);
  if (!teachers.empty()) now_.transfer = transfer_loss(logits, teachers, term, by_logits_);
  now_.loss = now_.classification + now_.transfer;
  flowing_.assign(by_logits_.begin(), by_logits_.end());
  pass_->backward(flowing_, gradient_, {});
  pass_.reset();
}

void TransferReplica::step(double lr) {
  optimizer_.step(parameters_, gradient_, lr);
  take_buffers<float>(learner_.layout(), gradient_, parameters_);
}

void TransferReplica::count_update(bool with_outputs) {
  sums_.loss += now_.loss;
  sums_.classification += now_.classification;
  sums_.transfer += now_.transfer;
  sums_.accuracy += now_.accuracy;
  sums_.with_outputs += with_outputs ? 1 : 0;
  ++updates_;
}

TransferLosses TransferReplica::take_losses() {
  TransferLosses mean = sums_;
  const auto all = static_cast<double>(std::max<std::int64_t>(1, updates_));
  const auto some = static_cast<double>(std::max<std::int64_t>(1, sums_.with_outputs));
  mean.loss /= all;
  mean.classification /= some;
  mean.transfer /= some;
  mean.accuracy /= some;
  sums_ = {};
  updates_ = 0;
  return mean;
}

void TransferReplica::save(StateWriter& to) const {
  const auto momentum = optimizer_.state();
  to.add(parameters_).add(std::vector<float>(momentum.begin(), momentum.end()));
  to.add(sums_).add(updates_);
}

void TransferReplica::restore(StateReader& from) {
  std::vector<float> momentum;
  from.take(parameters_);
  from.take(momentum);
  from.take(sums_);
  from.take(updates_);
  const bool fits = (parameters_.empty() || parameters_.size() == size()) &&
                    (momentum.empty() || momentum.size() == size());
  if (!fits) throw DataError("a checkpoint does not fit the model that it is of");
  begin_phase();
  if (!momentum.empty()) optimizer_.restore(momentum);
}

StreamKey transfer_stream(std::uint64_t seed, std::size_t model, Purpose purpose) {
  return {.seed = seed, .node = static_cast<std::uint32_t>(model), .purpose = purpose};
}

}  // namespace understudy
