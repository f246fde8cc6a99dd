// One client's turn at training: its batches in their order, and gradients on them.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "runtime/learners/learner.hpp"
#include "runtime/node/node.hpp"
#include "runtime/training/optimizer.hpp"

namespace understudy {

// What a client trains: a learner and its samples, by their indices in a source. Borrowed.
template <class Scalar>
struct ClientData {
  const BasicLearner<Scalar>* learner = nullptr;
  const BatchSource* source = nullptr;  // nullptr: the learner needs no samples
  std::span<const std::uint32_t> training{};
  std::span<const std::uint32_t> validation{};  // not trained on; may be empty
};

struct LocalOptions {
  SgdConfig sgd{};
  double lr = 0.01;
  int batch = 64;
  int epochs = 1;
  std::optional<int> steps{};  // instead of epochs
  bool shuffle = true;
  std::atomic<std::int64_t>* gradients = nullptr;  // counts those computed; may be null
};

// How many gradients and updates a turn takes for each of its steps, and what it takes besides.
struct Effort {
  int gradients = 1;
  int updates = 1;
  bool validates = false;
};

struct RepeatedCost {
  Cost cost{};
  std::size_t times = 1;
};
// Their time on the node's device, one after the other, without marks.
ComputePlan plan_of(const Node& node, const std::vector<RepeatedCost>& costs);

// Samples of a source by a list of indices.
class SubsetSource final : public BatchSource {
 public:
  SubsetSource(const BatchSource* source, std::span<const std::uint32_t> indices)
      : source_(source), indices_(indices) {}
  std::size_t size() const override { return indices_.size(); }
  void gather(std::span<const std::uint32_t> indices, Batch& batch) const override;
  void gather_training(std::span<const std::uint32_t> indices, RandomStream random,
                       Batch& batch) const override;

 private:
  std::vector<std::uint32_t> of_source(std::span<const std::uint32_t> indices) const;

  const BatchSource* source_;
  std::span<const std::uint32_t> indices_;
};

// Batches are consecutive stretches of the client's samples, which every pass shuffles anew; the last
// of a pass may be smaller. A batch's number may go beyond the turn's steps: passes go on.
template <class Scalar>
class LocalWork {
 public:
  // `stream` has the seed, the client's node and the round.
  LocalWork(const ClientData<Scalar>& data, const LocalOptions& options, const StreamKey& stream);

  std::size_t steps() const { return steps_; }
  std::size_t size() const { return data_.learner->layout().size; }
  const Layout& layout() const { return data_.learner->layout(); }
  const LocalOptions& options() const { return options_; }
  Sgd<Scalar> optimizer() const { return {options_.sgd, layout()}; }

  // The mean loss on the batch; its gradient into `out`, 0 in the stretches of buffers, whose new
  // values go into `at`.
  double gradient(std::span<Scalar> at, std::size_t batch, std::span<Scalar> out);
  // The mean loss on the samples withheld.
  double validation_loss(std::span<const Scalar> at) const;
  // Of the batches that gradients were computed on.
  double mean_loss() const { return losses_ == 0 ? 0 : loss_sum_ / static_cast<double>(losses_); }

  // Initial values: those that all nodes draw alike, and the client's own.
  void common_initial(std::span<Scalar> out) const;
  void own_initial(std::span<Scalar> out) const;
  RandomStream random(Purpose purpose, std::uint32_t step) const;

  // What the turn costs on a device: each cost so many times over.
  std::vector<RepeatedCost> costs(const Effort& effort) const;

 private:
  std::size_t per_pass() const;
  std::span<const std::uint32_t> indices(std::size_t batch);

  ClientData<Scalar> data_;
  LocalOptions options_;
  StreamKey stream_;
  std::size_t steps_;
  std::optional<std::size_t> pass_{};
  std::vector<std::uint32_t> order_{};  // of the pass
  Batch batch_{};
  double loss_sum_ = 0;
  std::int64_t losses_ = 0;
};

extern template class LocalWork<float>;
extern template class LocalWork<double>;

}  // namespace understudy
