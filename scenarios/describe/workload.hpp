// Descriptions of workloads.
#pragma once

#include <array>

#include "runtime/workloads/workload_config.hpp"
#include "scenarios/describe/field.hpp"
#include "scenarios/describe/images.hpp"
#include "scenarios/describe/knowledge_transfer.hpp"
#include "scenarios/describe/logistic_regression.hpp"
#include "scenarios/describe/training.hpp"

namespace understudy {

inline constexpr std::array<Named<BatchScope>, 2> kBatchScopeNames = {{
    {BatchScope::kPerNode, "per_node", "`batch` samples on every node."},
    {BatchScope::kGlobal, "global", "`batch` samples divided over the nodes."},
}};
constexpr std::span<const Named<BatchScope>> names(BatchScope) { return kBatchScopeNames; }

inline constexpr std::array<Named<EvaluationScope>, 2> kEvaluationNames = {{
    {EvaluationScope::kWhole, "whole", "The whole test set at once."},
    {EvaluationScope::kPerShard, "per_shard", "Each node its own shard of the test set."},
}};
constexpr std::span<const Named<EvaluationScope>> names(EvaluationScope) {
  return kEvaluationNames;
}

template <class Archive>
void describe(Archive& a, SamplerConfig& c) {
  a.field("shuffle", c.shuffle, "A new order of samples from the seed.");
  a.field("set_epoch", c.set_epoch,
          "False: the same order every epoch, as when set_epoch() is never called.");
  a.field("drop_last", c.drop_last,
          "Drop the remainder instead of padding it, so that all nodes hold equally many.");
}

template <class Archive>
void describe(Archive& a, ImageClassifierConfig& c) {
  a.field("dataset", c.dataset, "The data set.", {.names = kDatasets});
  a.field("model", c.model, "The model.");
  a.field("batch", c.batch, "Samples in a batch.", {.min = 1, .max = 1e6});
  a.field("batch_scope", c.batch_scope, "Whether `batch` is each node's or everyone's together.");
  a.field("epochs", c.epochs, "Passes over the data; 1 where neither epochs nor updates is given.",
          {.above = 0, .max = 1e6});
  a.field("updates", c.updates, "Updates of the parameters, instead of epochs.",
          {.min = 1, .max = kMostUpdates});
  describe_image_input(a, c);
  describe_dropout(a, c.dropout);
  a.field("validation", c.validation,
          "Under allreduce, share of the training samples that nothing is trained on.",
          {.min = 0, .below = 1, .measure = Measure::kFraction});
  a.field("early_stopping", c.early_stopping,
          "Under allreduce, training ends once the loss on those falls no more.");
  a.field("optimizer", c.optimizer, "How gradients change the parameters.");
  a.field("schedule", c.schedule, "How the learning rate goes over time.");
  a.field("lr_scaling", c.lr_scaling, "How the learning rate grows with the number of workers.");
  a.field("sampler", c.sampler, "Which samples a node sees, as PyTorch's DistributedSampler.");
  a.field("evaluation", c.evaluation, "How the test set is evaluated.");
  a.field("evaluate_every", c.evaluate_every,
          "Updates between evaluations, 0: after each epoch; under federated and gossip rounds, 0: "
          "after each.",
          {.min = 0});
  a.field("partition", c.partition,
          "Under federated and gossip, how training samples are divided over the nodes.");
  a.field("label_noise", c.label_noise, "Wrong labels of training samples.");
}

template <class Archive>
void describe(Archive& a, CollectiveBenchmarkConfig& c) {
  a.field("bytes", c.bytes, "Size of each node's vector.", {.above = 0});
  a.field("iterations", c.iterations, "How many all-reduces, one after the other.",
          {.min = 1, .max = 1e6});
}

template <class Archive>
void describe(Archive& a, FlowConfig& c) {
  a.field("from", c.from, "The sending node's rank.", {.min = 0});
  a.field("to", c.to, "The receiving node's rank.", {.min = 0});
  a.field("bytes", c.bytes, "Size.", {.above = 0});
  a.field("start", c.start, "When it starts.", {.min = 0});
  a.field("deadline", c.deadline,
          "How long after its start it is given up; it is waited for where nothing is given.",
          {.above = 0});
}

template <class Archive>
void describe(Archive& a, TrafficConfig& c) {
  a.field("flows", c.flows, "The flows.");
}

template <class Archive>
void describe(Archive& a, QuadraticConfig& c) {
  a.field("a", c.a, "Curvature of each node's parabola a/2 (x - b)^2; one number stands for all.",
          {.above = 0});
  a.field("b", c.b, "Minimum of each node's parabola; one number stands for all.");
  a.field("start", c.start, "x before the first update.");
  a.field("layers", c.layers,
          "Under federated and gossip: x has so many values, each a layer, all with these numbers.",
          {.min = 1, .max = 1e6});
  a.field("updates", c.updates, "How many updates.", {.min = 1, .max = kMostUpdates});
  a.field("optimizer", c.optimizer, "How gradients change x.");
}

inline constexpr std::array<NameDoc, 6> kWorkloadKinds = {{
    {"image_classifier", "Trains a classifier of images."},
    {"collective", "One all-reduce by itself, as nccl-tests runs it."},
    {"traffic", "A list of flows between nodes."},
    {"quadratic", "A parabola on every node, whose trajectory has a closed form."},
    {"logistic_regression",
     "Logistic regression on a table, by federated averaging around a server."},
    {"knowledge_transfer", "An ensemble of models teaches a target, and may learn from it."},
}};
constexpr std::span<const NameDoc> kinds(const WorkloadConfig*) { return kWorkloadKinds; }

}  // namespace understudy
