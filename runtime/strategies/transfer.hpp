// Knowledge transfer: members are trained each by itself, then a target with losses between its outputs
// and theirs. The models sit on nodes as TransferModels says, one after the other on a node of their
// own or all on one, and what they send each other does not change what they learn where it is sent
// whole: with logits as float32 the weights are those of one node.
//
// An update of the target: every node that trains a model takes the same batch (under gradients its
// share of it); outputs are computed, and sent to those who learn from them; each model that learns
// takes its cross entropy and its transfer losses (training/transfer_loss.hpp), the other side constant.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "runtime/collectives/communicator.hpp"
#include "runtime/data/batch_schedule.hpp"
#include "runtime/learners/learner.hpp"
#include "runtime/node/node.hpp"
#include "runtime/strategies/transfer_config.hpp"
#include "runtime/training/optimizer_config.hpp"
#include "runtime/training/transfer_config.hpp"

namespace understudy {

// Means over a model's updates.
struct TransferLosses {
  double loss = 0;
  double classification = 0;
  double transfer = 0;  // with its weight
  double accuracy = 0;  // of batches
  // Of so many updates there are all of these; of the others, which are plain training, the loss.
  std::int64_t with_outputs = 0;
};

// Where a model stands after an epoch.
struct TransferState {
  std::size_t model = 0;  // 0: the target, i: member i - 1
  bool alone = false;     // trained by itself
  bool owner = false;     // the node is the model's own: under gradients all nodes train it
  int epoch = 0;          // of the phase, from 1
  std::int64_t update = 0;
  TransferLosses losses{};
  std::span<const float> parameters{};  // empty in a dry run
};

struct TransferModel {
  const Learner* learner = nullptr;
  OptimizerConfig optimizer = SgdConfig{};
  // While trained by itself; not the target.
  const BatchSchedule* batches = nullptr;
};

// Borrowed things outlive the run.
struct TransferJob {
  std::vector<TransferModel> models;  // the target, then the members
  TransferLossConfig loss{};
  TransferConfig exchange{};
  Communicator nodes;
  const BatchSchedule* batches =
      nullptr;  // of the target; under gradients of as many workers as nodes
  const BatchSource* samples = nullptr;
  std::size_t sample_count = 0;
  bool samples_vary = false;  // each time that they are gathered to train on
  std::size_t classes = 0;
  ScheduleConfig schedule = ConstantSchedule{};
  std::int64_t member_epochs = 1;
  std::int64_t updates = 1;  // of the target
  std::uint64_t seed = 0;
  std::atomic<std::int64_t>* gradients = nullptr;  // counts those computed; may be null
  // After each epoch of a model that the node trains, and at the end of training.
  std::function<Task<>(Node&, const TransferState&)> observe;
  // At the end of the run, for each model that the node has, the target last; without losses.
  std::function<Task<>(Node&, const TransferState&)> finish;
};

// The node's part. One that only serves passes the safe points.
Task<> transfer_knowledge(Node& node, const TransferJob& job);

// The draws of a model, the same on whichever node it is trained.
StreamKey transfer_stream(std::uint64_t seed, std::size_t model, Purpose purpose);

}  // namespace understudy
