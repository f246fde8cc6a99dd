#include "runtime/federated/local_work.hpp"

#include <algorithm>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// Loading, then the learner's kernels, for a batch of `count`.
template <class Scalar>
Cost batch_cost(const BasicLearner<Scalar>& learner, std::size_t count) {
  Cost cost{load_cost(count)};
  append(cost, learner.cost(count));
  return cost;
}

// The forward pass alone, as evaluation.
template <class Scalar>
Cost forward_cost(const BasicLearner<Scalar>& learner, std::size_t count) {
  Cost cost = batch_cost(learner, count);
  std::erase_if(cost, [](const KernelCost& kernel) { return kernel.phase == Phase::kBackward; });
  for (KernelCost& kernel : cost) {
    if (kernel.phase == Phase::kForward || kernel.phase == Phase::kLoss)
      kernel.phase = Phase::kEvaluate;
  }
  return cost;
}

}  // namespace

ComputePlan plan_of(const Node& node, const std::vector<RepeatedCost>& costs) {
  ComputePlan sum;
  for (const auto& [cost, times] : costs) {
    const ComputePlan once = node.plan(cost);
    const auto factor = static_cast<std::int64_t>(times);
    sum.total += once.total * factor;
    for (std::size_t phase = 0; phase < sum.phases.size(); ++phase)
      sum.phases[phase] += once.phases[phase] * factor;
  }
  return sum;
}

std::vector<std::uint32_t> SubsetSource::of_source(std::span<const std::uint32_t> indices) const {
  std::vector<std::uint32_t> result;
  for (const std::uint32_t i : indices) result.push_back(indices_[i]);
  return result;
}

void SubsetSource::gather(std::span<const std::uint32_t> indices, Batch& batch) const {
  batch.count = indices.size();
  if (source_ != nullptr) source_->gather(of_source(indices), batch);
}

void SubsetSource::gather_training(std::span<const std::uint32_t> indices, RandomStream random,
                                   Batch& batch) const {
  batch.count = indices.size();
  if (source_ != nullptr) source_->gather_training(of_source(indices), random, batch);
}

template <class Scalar>
LocalWork<Scalar>::LocalWork(const ClientData<Scalar>& data, const LocalOptions& options,
                             const StreamKey& stream)
    : data_(data), options_(options), stream_(stream) {
  UNDERSTUDY_CHECK(!data.training.empty() && options.batch > 0);
  steps_ = options.steps ? static_cast<std::size_t>(*options.steps)
                         : static_cast<std::size_t>(options.epochs) * per_pass();
}

template <class Scalar>
std::size_t LocalWork<Scalar>::per_pass() const {
  const auto batch = static_cast<std::size_t>(options_.batch);
  return (data_.training.size() + batch - 1) / batch;
}

template <class Scalar>
std::span<const std::uint32_t> LocalWork<Scalar>::indices(std::size_t batch) {
  const std::size_t pass = batch / per_pass();
  if (pass_ != pass) {
    pass_ = pass;
    order_.assign(data_.training.begin(), data_.training.end());
    RandomStream shuffle = random(Purpose::kShuffle, static_cast<std::uint32_t>(pass));
    for (std::size_t i = order_.size(); options_.shuffle && i > 1; --i)
      std::swap(order_[i - 1], order_[shuffle.below(i)]);
  }
  const std::size_t first = batch % per_pass() * static_cast<std::size_t>(options_.batch);
  return std::span(order_).subspan(
      first, std::min(static_cast<std::size_t>(options_.batch), order_.size() - first));
}

template <class Scalar>
double LocalWork<Scalar>::gradient(std::span<Scalar> at, std::size_t batch, std::span<Scalar> out) {
  const auto samples = indices(batch);
  batch_.count = samples.size();
  const auto step = static_cast<std::uint32_t>(batch);
  if (data_.source != nullptr)
    data_.source->gather_training(samples, random(Purpose::kAugmentation, step), batch_);
  const RandomStream dropout = random(Purpose::kDropout, step);
  const double loss = data_.learner->gradient(at, batch_, out, dropout, {});
  take_buffers<Scalar>(layout(), out, at);
  for (const Slice& slice : layout().slices) {
    if (!slice.trainable) std::ranges::fill(out.subspan(slice.offset, slice.size), Scalar{0});
  }
  if (options_.gradients != nullptr) ++*options_.gradients;
  loss_sum_ += loss;
  ++losses_;
  return loss;
}

template <class Scalar>
double LocalWork<Scalar>::validation_loss(std::span<const Scalar> at) const {
  UNDERSTUDY_CHECK(!data_.validation.empty());
  const SubsetSource withheld(data_.source, data_.validation);
  return data_.learner->evaluate(at, withheld, 0, withheld.size()).loss;
}

template <class Scalar>
void LocalWork<Scalar>::common_initial(std::span<Scalar> out) const {
  data_.learner->initial(
      RandomStream({.seed = stream_.seed, .node = UINT32_MAX, .purpose = Purpose::kInit}), out);
}

template <class Scalar>
void LocalWork<Scalar>::own_initial(std::span<Scalar> out) const {
  data_.learner->initial(
      RandomStream({.seed = stream_.seed, .node = stream_.node, .purpose = Purpose::kInit}), out);
}

template <class Scalar>
RandomStream LocalWork<Scalar>::random(Purpose purpose, std::uint32_t step) const {
  return RandomStream({stream_.seed, stream_.node, purpose, stream_.round, step});
}

template <class Scalar>
std::vector<RepeatedCost> LocalWork<Scalar>::costs(const Effort& effort) const {
  const BasicLearner<Scalar>& learner = *data_.learner;
  const auto batch = static_cast<std::size_t>(options_.batch);
  const std::size_t gradients = steps_ * static_cast<std::size_t>(effort.gradients);
  const std::size_t rest = data_.training.size() % batch;
  const std::size_t smaller = rest == 0 ? 0 : gradients / per_pass();
  std::vector<RepeatedCost> costs;
  if (gradients > smaller)
    costs.push_back(
        {batch_cost(learner, std::min(batch, data_.training.size())), gradients - smaller});
  if (smaller > 0) costs.push_back({batch_cost(learner, rest), smaller});
  costs.push_back({optimizer().cost(), steps_ * static_cast<std::size_t>(effort.updates)});
  if (effort.validates && !data_.validation.empty())
    costs.push_back({forward_cost(learner, data_.validation.size()), 1});
  return costs;
}

template class LocalWork<float>;
template class LocalWork<double>;

}  // namespace understudy
