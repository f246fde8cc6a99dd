// An ensemble of models that teaches a target, as a scenario states it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/learners/model_config.hpp"
#include "runtime/training/optimizer_config.hpp"
#include "runtime/training/transfer_config.hpp"
#include "runtime/workloads/image_input.hpp"

namespace understudy {

// First each member is trained by itself, then the target with the ensemble's help; test samples are
// looked at once, at the end. One of epochs and updates ends the target's training. Metrics, each epoch:
// member_<i>_ and target_ train_loss, train_accuracy, validation_loss, validation_accuracy; of a model in
// transfer also classification_loss and transfer_loss. At the end: member_<i>_, target_ and ensemble_
// test_loss and test_accuracy, the ensemble's answer being the mean of its members' probabilities.
// Training images that are varied have their outputs computed anew for each batch.
struct KnowledgeTransferConfig : ImageInput {
  ModelConfig target{.kind = "vgg9"};
  std::vector<ModelConfig> ensemble{{.kind = "cnn"}, {.kind = "lenet"}};
  TransferLossConfig transfer{};
  int batch = 64;                // samples
  std::optional<double> epochs;  // of the target; default 1
  std::optional<int> updates;
  int member_epochs = 1;
  double validation = 0.1;  // share of the training samples that nothing is trained on
  double dropout = 0;       // 0..1
  OptimizerConfig optimizer = SgdConfig{};  // of the target
  OptimizerConfig member_optimizer = SgdConfig{};
  ScheduleConfig schedule = ConstantSchedule{};  // of both learning rates
};

}  // namespace understudy
