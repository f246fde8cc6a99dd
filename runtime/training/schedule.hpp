// The learning rate of each update.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/training/optimizer_config.hpp"

namespace understudy {

// Where training stands: update number `update` of 0..updates_total-1.
struct Progress {
  std::int64_t update = 0;
  std::int64_t updates_total = 1;
  std::int64_t updates_per_epoch = 1;
};

// The rate that the schedule gives `base_lr` at this point (formulas at the schedules' structs).
double learning_rate(const ScheduleConfig& schedule, double base_lr, const Progress& progress);

// The base rate for `world` workers that share an update: lr, lr x world (Goyal et al., 2017) or
// lr x sqrt(world) (Krizhevsky, 2014).
double scaled_learning_rate(LrScaling scaling, double lr, std::size_t world);

}  // namespace understudy
