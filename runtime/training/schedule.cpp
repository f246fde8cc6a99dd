#include "runtime/training/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

double factor(const ConstantSchedule&, const Progress&) { return 1; }

double factor(const StepSchedule& step, const Progress& progress) {
  const double every_updates = step.every_epochs * static_cast<double>(progress.updates_per_epoch);
  // Half of a millionth of an update absorbs the rounding of every_epochs such as 0.1.
  return std::pow(step.gamma,
                  std::floor((static_cast<double>(progress.update) + 5e-7) / every_updates));
}

double factor(const CosineSchedule& cosine, const Progress& progress) {
  const double share =
      static_cast<double>(progress.update) / static_cast<double>(progress.updates_total);
  const double fall = (1 + std::cos(std::numbers::pi * std::min(share, 1.0))) / 2;
  return cosine.final_fraction + (1 - cosine.final_fraction) * fall;
}

double factor(const WarmupSchedule& warmup, const Progress& progress) {
  if (progress.update >= warmup.updates) return 1;
  const double share = static_cast<double>(progress.update) / warmup.updates;
  return warmup.start_fraction + (1 - warmup.start_fraction) * share;
}

}  // namespace

double learning_rate(const ScheduleConfig& schedule, double base_lr, const Progress& progress) {
  UNDERSTUDY_CHECK(progress.update >= 0 && progress.updates_total > 0 &&
                   progress.updates_per_epoch > 0);
  return base_lr * std::visit([&](const auto& s) { return factor(s, progress); }, schedule);
}

double scaled_learning_rate(LrScaling scaling, double lr, std::size_t world) {
  const double workers = static_cast<double>(world);
  switch (scaling) {
    case LrScaling::kLinear:
      return lr * workers;
    case LrScaling::kSqrt:
      return lr * std::sqrt(workers);
    case LrScaling::kNone:
      break;
  }
  return lr;
}

}  // namespace understudy
