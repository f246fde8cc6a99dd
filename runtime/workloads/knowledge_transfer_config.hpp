// An ensemble of models that teaches a target, as a scenario states it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/data/augmentation.hpp"
#include "runtime/training/optimizer_config.hpp"
#include "runtime/training/transfer_config.hpp"

namespace understudy {

// First each member is trained by itself, then the target with the ensemble's help; test samples are
// looked at once, at the end. One of epochs and updates ends the target's training. Metrics, each epoch:
// member_<i>_ and target_ train_loss, train_accuracy, validation_loss, validation_accuracy; of a model in
// transfer also classification_loss and transfer_loss. At the end: member_<i>_, target_ and ensemble_
// test_loss and test_accuracy, the ensemble's answer being the mean of its members' probabilities.
struct KnowledgeTransferConfig {
  std::string dataset = "fashion_mnist";
  std::string target = "vgg9";
  std::vector<std::string> ensemble{"cnn", "lenet"};
  TransferLossConfig transfer{};
  int batch = 64;                // samples
  std::optional<double> epochs;  // of the target; default 1
  std::optional<int> updates;
  int member_epochs = 1;
  double validation = 0.1;  // share of the training samples that nothing is trained on
  int train_limit = 0;      // 0: all
  int test_limit = 0;
  int image_size = 0;  // rows and columns that images are padded to with zeros; 0: as they are
  AugmentationConfig augmentation{};        // outputs are then computed anew for each batch
  double dropout = 0;                       // 0..1
  OptimizerConfig optimizer = SgdConfig{};  // of the target
  OptimizerConfig member_optimizer = SgdConfig{};
  ScheduleConfig schedule = ConstantSchedule{};  // of both learning rates
};

}  // namespace understudy
