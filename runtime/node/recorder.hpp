// What a node measures as it runs. Records keep the order in which the node made them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/units.hpp"

namespace understudy {

// Where in the training a record belongs; what does not apply stays empty.
struct Position {
  std::optional<int> step, round, epoch;
  std::optional<TimePoint> time{};  // of what is recorded later than it was
};

struct Sample {
  TimePoint time;
  Position position;
  std::string name;
  double value = 0;
  double wall_s = 0;  // since the world was made
};

// Values of training are the same under any network; in a dry replay they come from the run that
// trained. Values of timing are computed anew.
enum class MetricKind { kTraining, kTiming };

class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void record(std::string_view name, double value, const Position& position,
                      MetricKind kind) = 0;
};

}  // namespace understudy
