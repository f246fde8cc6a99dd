// The outputs that a node's models learn from: computed here, kept, or sent by their model's node.
#pragma once

#include <span>
#include <vector>

#include "runtime/strategies/transfer_messages.hpp"
#include "runtime/strategies/transfer_models.hpp"
#include "runtime/strategies/transfer_replica.hpp"

namespace understudy {

// Null where a node has none of a model.
using TransferReplicas = std::vector<std::unique_ptr<TransferReplica>>;

// Of models that do not learn each sample's outputs are computed once, and kept.
class TransferOutputs {
 public:
  TransferOutputs(Node& node, const TransferJob& job, const TransferModels& models,
                  const TransferReplicas& replicas);

  // Before an update: where it is one of those, parameters travel.
  Task<> exchange_checkpoints(std::int64_t update);

  // An update begins, of these samples.
  void begin(std::int64_t update, std::span<const std::uint32_t> samples);
  // Whether a model's training takes its outputs anyway, and lends them.
  bool is_lent(std::size_t model) const;
  void lend(std::size_t model, std::span<const float> outputs);
  // Of the outputs that are to be computed here besides.
  Cost cost() const;
  // On the computing thread. `batch` holds the update's samples.
  void compute(const Batch& batch);
  // Sends what others wait for, and waits for what comes from them. Then all outputs are there.
  Task<> exchange();
  // [samples, classes], of a model that some model here learns from.
  std::span<const float> of(std::size_t model) const { return outputs_[model]; }

  void save(StateWriter& to) const;
  void restore(StateReader& from);

 private:
  bool owns(std::size_t model) const { return models_.owner(model) == job_.nodes.index; }
  bool is_here(std::size_t model) const;
  std::span<const float> parameters_of(std::size_t model) const;
  std::span<const std::uint32_t> samples_of(std::size_t model) const;
  std::size_t values_of(std::size_t model) const;
  void gather_kept(std::size_t model);

  Node& node_;
  const TransferJob& job_;
  const TransferModels& models_;
  const TransferReplicas& replicas_;
  TransferMessages messages_;

  std::vector<std::vector<float>> checkpoints_;  // of each model, where others' are learnt from
  std::vector<std::vector<float>> kept_;  // of each model that does not learn: of all samples
  std::vector<std::uint8_t> known_;       // of each sample: whether its outputs are kept

  std::int64_t update_ = 0;
  std::span<const std::uint32_t> samples_;
  std::vector<std::uint32_t> fresh_;            // samples of this update that are not known
  std::vector<std::size_t> wanted_, computed_;  // models: to learn from here, to compute here
  Batch fresh_batch_;
  std::vector<std::vector<float>> outputs_;  // of each model, of this update
};

}  // namespace understudy
