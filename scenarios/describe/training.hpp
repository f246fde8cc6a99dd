// Descriptions of optimizers and learning-rate schedules.
#pragma once

#include <array>

#include "runtime/training/early_stopping_config.hpp"
#include "runtime/training/optimizer_config.hpp"
#include "scenarios/describe/field.hpp"

namespace understudy {

inline constexpr double kMostUpdates = 1e9;

template <class Archive>
void describe(Archive& a, SgdConfig& c) {
  a.field("lr", c.lr, "Learning rate.", {.above = 0});
  a.field("momentum", c.momentum, "Share of the last step that is kept.", {.min = 0, .max = 1});
  a.field("dampening", c.dampening, "Damps the gradient in the momentum.", {.min = 0, .max = 1});
  a.field("weight_decay", c.weight_decay, "L2 penalty.", {.min = 0});
  a.field("nesterov", c.nesterov, "Nesterov momentum; needs momentum and no dampening.");
  a.field("clip_norm", c.clip_norm,
          "The gradient's norm at most, as clip_grad_norm_; not clipped where nothing is given.",
          {.above = 0});
}

template <class Archive>
void describe(Archive& a, EarlyStoppingConfig& c) {
  a.field("patience", c.patience, "Evaluations in a row without a new least loss that end it.",
          {.min = 1, .max = 1e6});
  a.field("min_delta", c.min_delta, "How much less is less.", {.min = 0});
}

inline constexpr std::array<NameDoc, 1> kOptimizerKinds = {{
    {"sgd", "Stochastic gradient descent, as torch::optim::SGD."},
}};
constexpr std::span<const NameDoc> kinds(const OptimizerConfig*) { return kOptimizerKinds; }

template <class Archive>
void describe(Archive&, ConstantSchedule&) {}
template <class Archive>
void describe(Archive& a, StepSchedule& c) {
  a.field("every_epochs", c.every_epochs, "Epochs between steps.", {.above = 0});
  a.field("gamma", c.gamma, "Factor at each step.", {.above = 0});
}
template <class Archive>
void describe(Archive& a, CosineSchedule& c) {
  a.field("final_fraction", c.final_fraction, "Share of the learning rate at the end.",
          {.min = 0, .max = 1, .measure = Measure::kFraction});
}
template <class Archive>
void describe(Archive& a, WarmupSchedule& c) {
  a.field("updates", c.updates, "Updates until the full learning rate.",
          {.min = 1, .max = kMostUpdates});
  a.field("start_fraction", c.start_fraction, "Share of the learning rate at the start.",
          {.min = 0, .max = 1, .measure = Measure::kFraction});
}

inline constexpr std::array<NameDoc, 4> kScheduleKinds = {{
    {"constant", "The learning rate stays."},
    {"step", "Multiplied by a factor every so many epochs."},
    {"cosine", "Falls along half a cosine over all updates."},
    {"warmup", "Rises linearly over the first updates, then stays."},
}};
constexpr std::span<const NameDoc> kinds(const ScheduleConfig*) { return kScheduleKinds; }

inline constexpr std::array<Named<LrScaling>, 3> kLrScalingNames = {{
    {LrScaling::kNone, "none", "The learning rate as given."},
    {LrScaling::kLinear, "linear", "Times the number of workers."},
    {LrScaling::kSqrt, "sqrt", "Times the square root of the number of workers."},
}};
constexpr std::span<const Named<LrScaling>> names(LrScaling) { return kLrScalingNames; }

}  // namespace understudy
