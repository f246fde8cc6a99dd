#include "runtime/strategies/transfer_outputs.hpp"

#include <algorithm>

namespace understudy {

TransferOutputs::TransferOutputs(Node& node, const TransferJob& job, const TransferModels& models,
                                 const TransferReplicas& replicas)
    : node_(node),
      job_(job),
      models_(models),
      replicas_(replicas),
      messages_(node, job),
      checkpoints_(models.count()),
      kept_(models.count()),
      known_(job.sample_count),
      outputs_(models.count()) {}

// Not where only its outputs are sent.
bool TransferOutputs::is_here(std::size_t model) const {
  return owns(model) || job_.exchange.exchange != TransferExchange::kLogits;
}

std::span<const float> TransferOutputs::parameters_of(std::size_t model) const {
  if (!checkpoints_[model].empty()) return checkpoints_[model];
  return replicas_[model]->parameters();
}

std::span<const std::uint32_t> TransferOutputs::samples_of(std::size_t model) const {
  return models_.learns(model) ? samples_ : std::span<const std::uint32_t>(fresh_);
}

std::size_t TransferOutputs::values_of(std::size_t model) const {
  return samples_of(model).size() * job_.classes;
}

Task<> TransferOutputs::exchange_checkpoints(std::int64_t update) {
  if (!models_.is_checkpoint(update)) co_return;
  const std::vector<std::size_t> taught_by = models_.teachers_at(job_.nodes.index, std::nullopt);
  const auto travels = [&](std::size_t model) { return models_.learns(model) || update == 0; };
  for (std::size_t model = 0; model < models_.count(); ++model) {
    if (!owns(model) || !travels(model)) continue;
    const std::vector<float>& mine = replicas_[model]->parameters();
    const bool teaches_here = std::binary_search(taught_by.begin(), taught_by.end(), model);
    if (teaches_here && models_.learns(model)) checkpoints_[model] = mine;
    messages_.send(model, update, mine, replicas_[model]->size(),
                   models_.listeners(model, std::nullopt));
  }
  for (const std::size_t model : taught_by) {
    if (owns(model) || !travels(model)) continue;
    const std::size_t size = job_.models[model].learner->layout().size;
    co_await messages_.receive(model, update, models_.owner(model), checkpoints_[model], size);
  }
}

void TransferOutputs::begin(std::int64_t update, std::span<const std::uint32_t> samples) {
  update_ = update;
  samples_ = samples;
  fresh_.clear();
  computed_.clear();
  // Only the target learns from models that stay as they are.
  if (!models_.teachers(0, update).empty()) {
    std::copy_if(samples.begin(), samples.end(), std::back_inserter(fresh_),
                 [&](std::uint32_t sample) { return known_[sample] == 0; });
  }
  wanted_ = models_.teachers_at(job_.nodes.index, update);
  for (std::size_t model = 0; model < models_.count(); ++model) {
    const bool used = std::binary_search(wanted_.begin(), wanted_.end(), model) && is_here(model);
    const bool sent = job_.exchange.exchange == TransferExchange::kLogits && owns(model) &&
                      !models_.listeners(model, update).empty();
    if ((used || sent) && !is_lent(model) && values_of(model) > 0) computed_.push_back(model);
  }
}

// A checkpoint is not what is trained now.
bool TransferOutputs::is_lent(std::size_t model) const {
  return job_.exchange.exchange != TransferExchange::kCheckpoints &&
         models_.trains(job_.nodes.index, model) && !models_.teachers(model, update_).empty();
}

void TransferOutputs::lend(std::size_t model, std::span<const float> outputs) {
  outputs_[model].assign(outputs.begin(), outputs.end());
}

Cost TransferOutputs::cost() const {
  Cost cost;
  for (const std::size_t model : computed_) {
    append(cost, forward_cost(*job_.models[model].learner, samples_of(model).size()));
  }
  return cost;
}

void TransferOutputs::compute(const Batch& batch) {
  const bool all_fresh = fresh_.size() == samples_.size();
  if (!all_fresh && !fresh_.empty()) job_.samples->gather(fresh_, fresh_batch_);
  for (const std::size_t model : computed_) {
    outputs_[model].resize(values_of(model));
    const bool whole = models_.learns(model) || all_fresh;
    job_.models[model].learner->logits(parameters_of(model), whole ? batch : fresh_batch_,
                                       outputs_[model]);
  }
}

Task<> TransferOutputs::exchange() {
  if (job_.exchange.exchange == TransferExchange::kLogits) {
    for (std::size_t model = 0; model < models_.count(); ++model) {
      if (owns(model) && values_of(model) > 0)
        messages_.send(model, update_, outputs_[model], values_of(model),
                       models_.listeners(model, update_));
    }
    for (const std::size_t model : wanted_) {
      if (owns(model) || values_of(model) == 0) continue;
      co_await messages_.receive(model, update_, models_.owner(model), outputs_[model],
                                 values_of(model));
    }
  }
  for (const std::size_t model : wanted_) {
    if (!models_.learns(model) && !node_.dry()) gather_kept(model);
  }
  if (job_.samples_vary) co_return;
  for (const std::uint32_t sample : fresh_) known_[sample] = 1;
}

// Outputs of the fresh samples are kept, and those of all taken from there.
void TransferOutputs::gather_kept(std::size_t model) {
  const auto classes = static_cast<std::ptrdiff_t>(job_.classes);
  std::vector<float>& kept = kept_[model];
  kept.resize(job_.sample_count * job_.classes);
  for (std::size_t i = 0; i < fresh_.size(); ++i) {
    std::copy_n(outputs_[model].begin() + static_cast<std::ptrdiff_t>(i) * classes, classes,
                kept.begin() + static_cast<std::ptrdiff_t>(fresh_[i]) * classes);
  }
  outputs_[model].resize(samples_.size() * job_.classes);
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    std::copy_n(kept.begin() + static_cast<std::ptrdiff_t>(samples_[i]) * classes, classes,
                outputs_[model].begin() + static_cast<std::ptrdiff_t>(i) * classes);
  }
}

void TransferOutputs::save(StateWriter& to) const {
  to.add(known_);
  for (const auto& of_models : {&checkpoints_, &kept_}) {
    for (const std::vector<float>& values : *of_models) to.add(values);
  }
}

void TransferOutputs::restore(StateReader& from) {
  from.take(known_);
  if (known_.size() != job_.sample_count)
    throw DataError("a checkpoint does not fit the samples that it is of");
  for (auto* const of_models : {&checkpoints_, &kept_}) {
    for (std::vector<float>& values : *of_models) from.take(values);
  }
}

}  // namespace understudy
