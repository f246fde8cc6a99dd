// Clients that hold shards of an image data set, and how well models do on it.
#pragma once

#include "runtime/workloads/federation.hpp"
#include "runtime/workloads/image_data.hpp"
#include "runtime/workloads/mixtures.hpp"

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

  // Records PREFIX_accuracy, _loss, _ece and _mce of one model on the whole test set.
  Task<> record_global(Node& node, const std::string& prefix, std::span<const float> model,
                       Position at) const;
  // From now on those from number `first` are newcomers.
  void tell_newcomers_apart(std::size_t first) { first_newcomer_ = first; }
  // Records PREFIX_accuracy_mean, _std, _worst_decile and _fairness over the clients that have test
  // samples, each with the model that model_of(client) gives (empty: there is none); PREFIX_ece and _mce over all of these
  // samples; where there are newcomers newcomer_test_accuracy_mean and so on over them; and where samples
  // are withheld personal_validation_accuracy_mean on those. model_of is called on several threads at once.
  using ModelOf = std::function<std::vector<float>(std::size_t client)>;
  Task<> record_personal(Node& node, const std::string& prefix, const ModelOf& model_of,
                         Position at);
  // Of mixtures of `shared` and each client's own model (empty: `shared` alone), where samples are
  // withheld: the accuracies as above of the mixture that each client chooses by them, as
  // PREFIX_accuracy_chosen_..., of half and half (_half_...), and of the one that its test samples
  // would have chosen (_oracle_...); and mixing_chosen_mean, the mean share of the own model.
  Task<> record_mixtures(Node& node, const std::string& prefix, std::span<const float> shared,
                         const ModelOf& own_of, Position at);
  // By PREFIX_accuracy_mean and its like, of the clients that the last records were of.
  const ClientScores& scores() const { return scores_; }

 private:
  bool dry() const { return data_.train.dataset == nullptr; }
  void divide(const ImageClassifierConfig& config, const WorkloadParts& parts, double validation);
  struct Score {
    bool counts = false;  // the client has a model and test samples
    Evaluation test{}, validation{};
    MixtureScores mixtures{};
  };
  using ScoreClient = std::function<void(std::size_t client, Score&)>;
  void record_spread(Node& node, const std::string& name, std::vector<double> values, Position at);
  // Of all clients that have test samples, on several threads; empty in a dry run.
  Task<> score_all(Node& node, const ScoreClient& score, std::vector<Score>& out) const;
  Task<> score_one(Node& node, std::size_t client, const ScoreClient& score, Score& out) const;
  Evaluation on_test(std::size_t client, std::span<const float> model) const;
  Evaluation on_validation(std::size_t client, std::span<const float> model) const;
  MixtureScores mixtures(std::size_t client, std::span<const float> shared,
                         std::span<const float> own) const;
  bool withholds() const;

  int batch_;
  bool shuffle_;
  ImageData data_;
  DataSizes sizes_;
  std::unique_ptr<Learner> learner_;
  std::vector<std::vector<std::uint32_t>> training_, validation_, test_;  // indices of each client
  std::size_t first_newcomer_ = SIZE_MAX;
  ClientScores scores_;
};

}  // namespace understudy
