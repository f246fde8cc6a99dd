// Clients that hold shards of an image data set, and how well models do on it.
#pragma once

#include "runtime/workloads/federation.hpp"
#include "runtime/workloads/image_data.hpp"

namespace understudy {

class ImageClients {
 public:
  // Shards by the partition; of each the last `validation` share is withheld. A client's own test
  // samples are those of the test set that fall to it as its labels do. In a dry run only sizes.
  ImageClients(const ImageClassifierConfig& config, const WorkloadParts& parts, double validation);

  std::vector<ClientData<float>> clients() const;
  // Local training as the workload's batches go.
  LocalOptions local(LocalOptions options) const;
  std::size_t size() const { return training_.size(); }
  const Learner& learner() const { return *learner_; }
  const BatchSource& training_source() const { return *data_.train.dataset; }
  const std::string& notice() const { return data_.train.notice; }
  DataSizes sizes() const { return sizes_; }

  // Records PREFIX_accuracy and PREFIX_loss of one model on the whole test set.
  Task<> record_global(Node& node, const std::string& prefix, std::span<const float> model,
                       Position at) const;
  // Records PREFIX_accuracy_mean, _std and _worst_decile over the clients that have test samples, each
  // with the model that model_of(client) gives; empty: there is none. It is called on several threads at
  // once.
  using ModelOf = std::function<std::vector<float>(std::size_t client)>;
  Task<> record_personal(Node& node, const std::string& prefix, const ModelOf& model_of,
                         Position at) const;

 private:
  bool dry() const { return data_.train.dataset == nullptr; }
  void divide(const ImageClassifierConfig& config, const WorkloadParts& parts, double validation);
  Task<> score(Node& node, std::size_t client, const ModelOf& model_of, double& accuracy) const;

  int batch_;
  bool shuffle_;
  ImageData data_;
  DataSizes sizes_;
  std::unique_ptr<Learner> learner_;
  std::vector<std::vector<std::uint32_t>> training_, validation_, test_;  // indices of each client
};

}  // namespace understudy
