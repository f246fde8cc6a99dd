// Synchronous data parallelism: before every update the workers' gradients are averaged, weighted
// by samples. Each bucket's exchange starts as soon as backward has produced it, and so overlaps
// with the rest of backward.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <vector>

#include "runtime/collectives/communicator.hpp"
#include "runtime/data/batch_schedule.hpp"
#include "runtime/learners/learner.hpp"
#include "runtime/node/node.hpp"
#include "runtime/strategies/strategy_config.hpp"
#include "runtime/training/early_stopping_config.hpp"
#include "runtime/training/optimizer_config.hpp"

namespace understudy {

// Where a worker stands after an update.
template <class Scalar>
struct TrainingState {
  std::int64_t update = 0;             // updates made
  std::span<const Scalar> parameters;  // empty in a dry run
  double train_loss = 0;  // the worker's mean over the updates since it was last asked for
  bool last = false;      // no further update follows
  // The parameters of the least validation loss, where they are kept and this worker keeps them.
  std::span<const Scalar> best{};
};

// What one worker trains. Borrowed things outlive the run.
template <class Scalar>
struct TrainingJob {
  const BasicLearner<Scalar>* learner = nullptr;
  const BatchSchedule* batches = nullptr;
  const BatchSource* samples = nullptr;  // nullptr: the learner needs none
  OptimizerConfig optimizer = SgdConfig{};
  ScheduleConfig schedule = ConstantSchedule{};
  double lr = 0.01;                                // after scaling by the number of workers
  std::int64_t updates = 0;                        // in all
  std::atomic<std::int64_t>* gradients = nullptr;  // counts those computed; may be null
  AllreduceConfig exchange;
  Communicator members;
  // Observes every `observe_every` updates, at the end of each epoch where that is 0, and at the
  // end of training.
  std::int64_t observe_every = 0;
  std::function<Task<>(Node&, const TrainingState<Scalar>&)> observe;
  // The loss on validation samples, the same on every worker, before each observation; empty: nobody
  // asks.
  std::function<Task<double>(Node&, const TrainingState<Scalar>&)> validate{};
  std::optional<EarlyStoppingConfig> early_stopping{};  // by validate
  bool keep_best = false;                               // on this worker
};

// Runs the job to its end on this node: as a worker, or as the dedicated server where the node is
// that.
template <class Scalar>
Task<> train_synchronously(Node& node, const TrainingJob<Scalar>& job);

extern template Task<> train_synchronously(Node&, const TrainingJob<float>&);
extern template Task<> train_synchronously(Node&, const TrainingJob<double>&);

}  // namespace understudy
