// A scenario's clock on top of the wall's, for emulated runs: it is set once all nodes are ready,
// and again whenever they stand at a safe point. With a dilation of D a second of it takes D seconds.
//
// What belongs to the machine and not to the scenario (heartbeats, connections) keeps to the wall's
// executor, whose tasks and events these are.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/executor.hpp"

namespace understudy {

class EmulatedClock final : public Executor {
 public:
  // The wall's executor must outlive the clock. dilation > 0.
  EmulatedClock(Executor& wall, double dilation)
      : Executor(TasksOf{wall}), wall_(wall), dilation_(dilation) {}

  // From now on it is `scenario` at `wall`; before that it stands still there.
  void set(TimePoint scenario, TimePoint wall) { scenario_ = scenario, set_at_ = wall; }
  // It has stood still for so long, on the wall's clock, as what was done meanwhile takes no time.
  void hold_back(Duration wall_time) { set_at_ += wall_time; }

  TimePoint now() const override { return at(wall_.now()); }
  TimePoint at(TimePoint wall) const;
  // When the wall's clock says that it is that time; kNever for kNever and beyond the end of time.
  TimePoint wall_of(TimePoint scenario) const;
  // Durations on the other clock.
  Duration on_wall(Duration scenario) const { return scaled(scenario, dilation_); }
  Duration in_scenario(Duration wall) const { return scaled(wall, 1 / dilation_); }
  double dilation() const { return dilation_; }
  // What each of its tasks waits for, where none of them can go on unless a message comes; else
  // nothing.
  std::vector<std::string> stuck() const;

  void post(std::coroutine_handle<> task) override { wall_.post(task); }
  void start(Timer& timer, TimePoint when) override { wall_.start(timer, wall_of(when)); }
  void cancel(Timer& timer) override { wall_.cancel(timer); }
  void fail(std::exception_ptr error) override { wall_.fail(std::move(error)); }

 private:
  Duration scaled(Duration d, double factor) const;
  Executor& wall_;
  double dilation_;
  TimePoint scenario_ = kStart, set_at_ = kStart;
};

}  // namespace understudy
