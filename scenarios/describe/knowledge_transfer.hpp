// Description of the workload knowledge_transfer.
#pragma once

#include <array>

#include "runtime/workloads/knowledge_transfer_config.hpp"
#include "scenarios/describe/images.hpp"
#include "scenarios/describe/training.hpp"

namespace understudy {

inline constexpr std::array<Named<TransferMode>, 5> kTransferNames = {{
    {TransferMode::kFrozen, "frozen", "The target learns from the members, which stay fixed."},
    {TransferMode::kMeanLogit, "mean_logit", "Likewise, from the mean of their logits."},
    {TransferMode::kBidirectional, "bidirectional",
     "The target learns from the members, and each member from the target."},
    {TransferMode::kMutual, "mutual", "Every model learns from all others."},
    {TransferMode::kCodistillation, "codistillation",
     "As mutual, from the others' last checkpoints."},
}};
constexpr std::span<const Named<TransferMode>> names(TransferMode) { return kTransferNames; }

template <class Archive>
void describe(Archive&, SteadyCourse&) {}
template <class Archive>
void describe(Archive& a, LinearCourse& c) {
  a.field("start_fraction", c.start_fraction, "Share of the value at the first update.",
          {.min = 0, .max = 1, .measure = Measure::kFraction});
  a.field("final_fraction", c.final_fraction, "Share of the value at the last update.",
          {.min = 0, .max = 1, .measure = Measure::kFraction});
}
inline constexpr std::array<NameDoc, 2> kCourseKinds = {{
    {"constant", "The value stays."},
    {"linear", "It changes linearly over the target's updates."},
}};
constexpr std::span<const NameDoc> kinds(const Course*) { return kCourseKinds; }

template <class Archive>
void describe(Archive& a, KnowledgeTransferConfig& c) {
  a.field("dataset", c.dataset, "The data set.", {.names = kDatasets});
  a.field("target", c.target, "The model that the ensemble teaches.");
  a.field("ensemble", c.ensemble, "The members' models.");
  a.field("transfer", c.transfer.mode, "Who learns from whom while the target trains.");
  a.field("weight", c.transfer.weight, "Of the target's transfer losses.", {.min = 0, .max = 1});
  a.field("member_weight", c.transfer.member_weight,
          "Of the members' transfer losses, where they learn.", {.min = 0, .max = 1});
  a.field("temperature", c.transfer.temperature,
          "What logits are divided by in transfer losses, which are multiplied by its square.",
          {.above = 0, .max = 1e6});
  a.field("weight_schedule", c.transfer.weight_course, "How both weights go over time.");
  a.field("temperature_schedule", c.transfer.temperature_course,
          "How the temperature goes over time.");
  a.field("batch", c.batch, "Samples in a batch, of all nodes together.", {.min = 1, .max = 1e6});
  a.field("epochs", c.epochs,
          "The target's passes over the data; 1 where neither epochs nor updates is given.",
          {.above = 0, .max = 1e6});
  a.field("updates", c.updates, "The target's updates, instead of epochs.",
          {.min = 1, .max = kMostUpdates});
  a.field("member_epochs", c.member_epochs, "Passes over the data of each member by itself.",
          {.min = 0, .max = 1e6});
  a.field("validation", c.validation, "Share of the training samples that nothing is trained on.",
          {.min = 0, .below = 1, .measure = Measure::kFraction});
  describe_image_input(a, c);
  describe_dropout(a, c.dropout);
  a.field("optimizer", c.optimizer, "How gradients change the target.");
  a.field("member_optimizer", c.member_optimizer, "How gradients change the members.");
  a.field("schedule", c.schedule, "How learning rates go over time, in each phase anew.");
}

}  // namespace understudy
