// Keeps what one node records. In a dry run the values of training are those of the run that trained.
#pragma once

#include <chrono>
#include <deque>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/executor.hpp"
#include "runtime/node/recorder.hpp"

namespace understudy {

// Of one node: per metric, in order.
using ReplayedValues = std::map<std::string, std::deque<double>, std::less<>>;

class SampleRecorder final : public Recorder {
 public:
  SampleRecorder(const Executor& executor, bool dry) : executor_(executor), dry_(dry) {}
  void record(std::string_view name, double value, const Position& position,
              MetricKind kind) override {
    if (dry_ && kind == MetricKind::kTraining) value = replayed(name);
    samples.push_back(
        {position.time.value_or(executor_.now()), position, std::string(name), value, wall_s()});
  }
  std::vector<Sample> samples;
  ReplayedValues replay;

 private:
  double replayed(std::string_view name) {
    const auto values = replay.find(name);
    if (values == replay.end() || values->second.empty())
      return std::numeric_limits<double>::quiet_NaN();
    const double value = values->second.front();
    values->second.pop_front();
    return value;
  }
  double wall_s() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  const Executor& executor_;
  bool dry_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace understudy
