// Optimizers and learning-rate schedules as a scenario states them.
#pragma once

#include <optional>
#include <variant>

namespace understudy {

// Stochastic gradient descent exactly as torch::optim::SGD has it (dampening 0 unless set).
struct SgdConfig {
  double lr = 0.01;         // > 0
  double momentum = 0;      // 0..1
  double dampening = 0;     // 0..1
  double weight_decay = 0;  // >= 0
  bool nesterov = false;    // needs momentum > 0 and dampening 0
  // The gradient's Euclidean norm is scaled down to this, as torch.nn.utils.clip_grad_norm_ does;
  // nullopt: it is as it is.
  std::optional<double> clip_norm{};  // > 0
};
using OptimizerConfig = std::variant<SgdConfig>;

struct ConstantSchedule {};
// lr x gamma^(floor(epoch / every_epochs))
struct StepSchedule {
  double every_epochs = 1;
  double gamma = 0.1;
};
// From lr down to lr x final_fraction over all updates along half a cosine (Loshchilov and Hutter,
// "SGDR", 2017).
struct CosineSchedule {
  double final_fraction = 0;
};
// Linear from lr x start_fraction to lr over the first `updates` updates, constant after (Goyal et
// al., 2017).
struct WarmupSchedule {
  int updates = 100;
  double start_fraction = 0.1;
};
using ScheduleConfig = std::variant<ConstantSchedule, StepSchedule, CosineSchedule, WarmupSchedule>;

// How the learning rate grows with the number of workers that share an update.
enum class LrScaling { kNone, kLinear, kSqrt };

}  // namespace understudy
