#include "sim/time/emulated_clock.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/task_context.hpp"

namespace understudy {

Duration EmulatedClock::scaled(Duration d, double factor) const {
  if (dilation_ == 1) return d;
  const double ps = static_cast<double>(d.count()) * factor;
  if (!(std::abs(ps) < static_cast<double>(Duration::max().count()))) return Duration::max();
  return Duration{std::llround(ps)};
}

TimePoint EmulatedClock::at(TimePoint wall) const {
  return scenario_ + in_scenario(std::max(wall - set_at_, Duration{0}));
}

TimePoint EmulatedClock::wall_of(TimePoint scenario) const {
  if (scenario == kNever) return kNever;
  const Duration ahead = on_wall(scenario - scenario_);
  return ahead > kNever - set_at_ ? kNever : set_at_ + ahead;
}

std::vector<std::string> EmulatedClock::stuck() const {
  std::vector<std::string> waits;
  for (const TaskContext* task : live()) {
    if (&task->executor != this) continue;
    if (task->suspension == nullptr || task->suspension->ends_by_itself()) return {};
    waits.push_back(task->suspension->describe());
  }
  return waits;
}

}  // namespace understudy
